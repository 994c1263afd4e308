using System.Runtime.InteropServices;
using PreDump.Linux;
using static PreDump.Images.FrameLedgerFormat;

namespace PreDump.Images;

/// <summary>One task's section in a frame ledger.</summary>
/// <param name="StartTime">When the task started, in clock ticks since boot.</param>
/// <param name="Pages">The number of pages recorded.</param>
/// <param name="Runs">The number of runs.</param>
/// <param name="Offset">The first run's offset in the file, in bytes.</param>
/// <param name="IsVoid">Whether the section must not be used, because it may describe other pages.</param>
public readonly record struct LedgerTask(ulong StartTime, ulong Pages, ulong Runs, ulong Offset, bool IsVoid);

/// <summary>Reads a frame ledger (<see cref="FrameLedgerFormat"/>). It is read completely when it is opened, and used only if it
/// is complete, well formed and has the right checksum.</summary>
public sealed class FrameLedger : IDisposable
{
    private readonly LedgerWords _words;
    private readonly Dictionary<int, LedgerTask> _tasks = [];

    private FrameLedger(LedgerWords words, in FrameLedgerHead head) => (_words, Head) = (words, head);

    /// <summary>The round and the boot that the ledger belongs to.</summary>
    public FrameLedgerHead Head { get; }

    /// <summary>The ledger's tasks by their image pids.</summary>
    public IReadOnlyDictionary<int, LedgerTask> Tasks => _tasks;

    /// <summary>Opens and validates the ledger of a round; null if it has none.</summary>
    /// <param name="directory">The round's images.</param>
    /// <param name="name">The file's name.</param>
    /// <exception cref="ImageException">It is damaged, or users other than this one and root can write it.</exception>
    public static FrameLedger? TryOpen(ImageDirectory directory, string name = ImageNames.Frames)
    {
        string path = directory.PathOf(name);
        if (directory.TryOpenImage(name) is not { } file)
            return null;
        try
        {
            if (!PrivateFile.IsWritableOnlyByUs(file))
                throw new ImageException(path, "another user owns it or may write it, so it is not trusted");
            return ReadThrough(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a task's section; null if the round did not have this task, or its section is void. Invalidates the result
    /// of the previous call.</summary>
    /// <param name="imagePid">The task's pid in its innermost pid namespace.</param>
    /// <param name="startTime">When the task started, in clock ticks since boot; null accepts any task with this pid.</param>
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
            throw new ImageException(path, "is not a frame ledger, or damaged");
        if (head[1] != VersionAndPageSize)
            throw new ImageException(path, $"is a frame ledger of version {(uint)head[1]} for pages of {head[1] >> 32} bytes: "
                + $"this predump reads version {(uint)VersionAndPageSize} for pages of {VersionAndPageSize >> 32} bytes");
        var ledger = new FrameLedger(words, new FrameLedgerHead(head[2], new Guid(MemoryMarshal.AsBytes(head[3..5])), head[5]));
        while (ledger.TryReadTask(out bool isDamaged))
            if (isDamaged)
                throw new ImageException(path, $"is not a complete frame ledger: damaged before offset {words.Offset}");
        return ledger;
    }

    // Reads one section, or the ledger's end. False after the end.
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
            isDamaged = task[1] != (ulong)_tasks.Count
                || !_words.TryRead(trailer) || trailer[0] != sum || trailer[1] != EndMagic
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
        isDamaged |= !_words.IsAtTaskEnd || task[0] > int.MaxValue
            || !_tasks.TryAdd((int)task[0], new LedgerTask(task[1], pages, runs, offset, _words.IsVoid));
        return true;
    }
}
