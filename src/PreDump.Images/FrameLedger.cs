using System.Runtime.InteropServices;
using PreDump.Linux;
using static PreDump.Images.FrameLedgerFormat;

namespace PreDump.Images;

/// <summary>A task in a frame ledger.</summary>
/// <param name="StartTime">In clock ticks since boot.</param>
/// <param name="Pages">How many pages are noted.</param>
/// <param name="Runs">In how many runs.</param>
/// <param name="Offset">Of its first run, in bytes.</param>
/// <param name="IsVoid">What is noted may be of other pages.</param>
public readonly record struct LedgerTask(ulong StartTime, ulong Pages, ulong Runs, ulong Offset, bool IsVoid);

/// <summary>A frame ledger that was read through once: whole, well formed, and with the right checksum. Nothing in it is trusted before.</summary>
public sealed class FrameLedger : IDisposable
{
    private readonly LedgerWords _words;
    private readonly Dictionary<int, LedgerTask> _tasks = [];

    private FrameLedger(LedgerWords words, in FrameLedgerHead head) => (_words, Head) = (words, head);

    /// <summary>What it belongs to.</summary>
    public FrameLedgerHead Head { get; }

    /// <summary>The tasks in it, by the pids that name their images.</summary>
    public IReadOnlyDictionary<int, LedgerTask> Tasks => _tasks;

    /// <summary>Opens the ledger of a round; null where it has none.</summary>
    /// <param name="directory">The round's images.</param>
    /// <param name="name">The file's.</param>
    /// <exception cref="ImageException">It is damaged, or others than this user and root may have written it.</exception>
    public static FrameLedger? TryOpen(ImageDirectory directory, string name = ImageNames.Frames)
    {
        string path = directory.PathOf(name);
        if (directory.TryOpenImage(name) is not { } file)
            return null;
        try
        {
            if (!PrivateFile.IsWritableOnlyByUs(file))
                throw new ImageException(path, "another user owns it or may write it, so it is not believed");
            return ReadThrough(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The frames of a task; null where the round did not have this very task, or what it noted is void. One task after the other: the one before is
    /// void then.</summary>
    /// <param name="imagePid">The pid that names its images.</param>
    /// <param name="startTime">In clock ticks since boot; null: of whichever task has the pid.</param>
    public TaskFrames? OpenTask(int imagePid, ulong? startTime) =>
        _tasks.TryGetValue(imagePid, out var task) && (startTime is null || task.StartTime == startTime) && !task.IsVoid
            ? new TaskFrames(_words, task.Offset)
            : null;

    /// <inheritdoc/>
    public void Dispose() => _words.Dispose();

    private static FrameLedger ReadThrough(Fd file, string path)
    {
        var words = new LedgerWords(file);
        Span<ulong> head = stackalloc ulong[HeadWords];
        if (!words.TryRead(head) || head[0] != BeginMagic)
            throw new ImageException(path, "is no frame ledger, or damaged");
        if (head[1] != PagesAndVersion)
            throw new ImageException(path, $"is a frame ledger of version {(uint)head[1]} for pages of {head[1] >> 32} bytes: this predump reads "
                + $"version {(uint)PagesAndVersion} for pages of {PagesAndVersion >> 32} bytes");
        var ledger = new FrameLedger(words, new FrameLedgerHead(head[2], new Guid(MemoryMarshal.AsBytes(head[3..5])), head[5]));
        while (ledger.TryReadTask(out bool isDamaged))
            if (isDamaged)
                throw new ImageException(path, $"is no whole frame ledger: damaged before offset {words.Offset}");
        return ledger;
    }

    // False behind the last one.
    private bool TryReadTask(out bool isDamaged)
    {
        Span<ulong> task = stackalloc ulong[2];
        isDamaged = !_words.TryRead(task);
        if (isDamaged)
            return true;
        if (task[0] == End)
        {
            ulong sum = _words.Sum;
            Span<ulong> trailer = stackalloc ulong[2];
            isDamaged = task[1] != (ulong)_tasks.Count || !_words.TryRead(trailer) || trailer[0] != sum || trailer[1] != EndMagic
                || !_words.IsAtEnd;
            return isDamaged;
        }
        ulong offset = _words.Offset, pages = 0, runs = 0;
        var run = default(LedgerRun);
        while (!isDamaged && _words.TryReadRun(ref run))
        {
            pages += run.Pages;
            runs++;
            isDamaged = !run.IsAscending && !_words.TrySkip(run.Pages);
        }
        isDamaged |= !_words.IsBehindEnd || task[0] > int.MaxValue || !_tasks.TryAdd((int)task[0], new LedgerTask(task[1], pages, runs, offset, _words.IsVoid));
        return true;
    }
}
