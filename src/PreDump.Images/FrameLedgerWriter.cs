using System.Runtime.InteropServices;
using PreDump.Linux;
using static PreDump.Images.FrameLedgerFormat;

namespace PreDump.Images;

/// <summary>Writes a frame ledger (<see cref="FrameLedgerFormat"/>), one task after another. Not thread-safe. The order of calls:
/// <see cref="Begin"/>, then for each task <see cref="BeginTask"/>, <see cref="Add"/> any number of times and
/// <see cref="EndTask"/>, then <see cref="Complete"/>. All of them throw a <see cref="LinuxException"/> if the file can't be
/// written.</summary>
/// <param name="file">A new and empty file; owned by the writer.</param>
public sealed class FrameLedgerWriter(Fd file) : IDisposable
{
    private const int MaxRunPages = 1024; // of a run that lists each page's frame
    private const int MinAscending = 4; // pages: fewer are not shorter as a run of consecutive frames
    private const ulong MaxFilledGap = 2; // pages: filling a gap takes no more words than starting another run

    private readonly ulong[] _words = new ulong[4096];
    private readonly ulong[] _run = new ulong[MaxRunPages];
    private int _wordCount, _runCount;
    private ulong _runStart; // the address of the first page in _run, or of the ascending run
    private ulong _ascendingFrom, _ascendingCount;
    private ulong _tasks;
    private ulong _sum;

    /// <summary>Writes the head.</summary>
    public void Begin(in FrameLedgerHead head)
    {
        Span<ulong> words = [BeginMagic, VersionAndPageSize, head.DumpUptime, 0, 0, head.Relocations];
        head.Boot.TryWriteBytes(MemoryMarshal.AsBytes(words[3..5]));
        Append(words);
    }

    /// <summary>Begins a task's section.</summary>
    /// <param name="imagePid">The task's pid in its innermost pid namespace.</param>
    /// <param name="startTime">When the task started, in clock ticks since boot.</param>
    public void BeginTask(int imagePid, ulong startTime)
    {
        _tasks++;
        Append([(ulong)imagePid, startTime]);
    }

    /// <summary>Adds consecutive pages of the task.</summary>
    /// <param name="address">The first page's address, after all pages added before.</param>
    /// <param name="frames">Each page's frame, from <see cref="PageFrames.Of(ulong)"/>.</param>
    public void Add(ulong address, ReadOnlySpan<ulong> frames)
    {
        if (_ascendingCount > 0 && !frames.IsEmpty
            && address == _runStart + Bytes(_ascendingCount) && frames[0] == _ascendingFrom + _ascendingCount)
        {
            int more = CountAscending(frames);
            _ascendingCount += (ulong)more;
            address += Bytes((ulong)more);
            frames = frames[more..];
        }
        while (!frames.IsEmpty)
        {
            int single = 0, ascending = 0;
            while (single < frames.Length && (ascending = CountAscending(frames[single..])) < MinAscending)
                single += ascending;
            AddSingle(address, frames[..single]);
            address += Bytes((ulong)single);
            frames = frames[single..];
            if (frames.IsEmpty)
                return;
            EndRun();
            (_runStart, _ascendingFrom, _ascendingCount) = (address, frames[0], (ulong)ascending);
            address += Bytes((ulong)ascending);
            frames = frames[ascending..];
        }
    }

    /// <summary>Ends the task's section.</summary>
    /// <param name="isVoid">Whether the frames added may belong to other pages, so that readers must ignore the section.</param>
    public void EndTask(bool isVoid = false)
    {
        EndRun();
        Append([isVoid ? VoidEnd : End]);
    }

    /// <summary>Writes the end, without which readers refuse the ledger, and closes the file.</summary>
    public void Complete()
    {
        Append([End, _tasks]);
        FlushBuffer();
        Append([_sum, EndMagic]);
        FlushBuffer();
        file.Close();
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static ulong Bytes(ulong pages) => PageSize.BytesOf(pages);

    private static int CountAscending(ReadOnlySpan<ulong> frames)
    {
        int count = 1;
        while (count < frames.Length && frames[count] == frames[count - 1] + 1)
            count++;
        return count;
    }

    private void AddSingle(ulong address, ReadOnlySpan<ulong> frames)
    {
        if (frames.IsEmpty)
            return;
        ulong gap = _runCount > 0 ? PageSize.Pages(address - _runStart) - (ulong)_runCount : 0;
        if (_runCount == 0 || gap > MaxFilledGap || _runCount + (int)gap >= MaxRunPages)
            EndRun();
        else
            for (; gap > 0; gap--)
                _run[_runCount++] = PageFrames.None;
        while (!frames.IsEmpty)
        {
            if (_runCount == MaxRunPages)
                EndRun();
            if (_runCount == 0)
                _runStart = address;
            int some = Math.Min(frames.Length, MaxRunPages - _runCount);
            frames[..some].CopyTo(_run.AsSpan(_runCount));
            _runCount += some;
            address += Bytes((ulong)some);
            frames = frames[some..];
        }
    }

    private void EndRun()
    {
        if (_ascendingCount > 0)
            Append([_runStart | Ascending, _ascendingCount, _ascendingFrom]);
        if (_runCount > 0)
        {
            Append([_runStart, (ulong)_runCount]);
            Append(_run.AsSpan(0, _runCount));
        }
        (_ascendingCount, _runCount) = (0, 0);
    }

    private void Append(ReadOnlySpan<ulong> words)
    {
        if (words.Length > _words.Length - _wordCount)
            FlushBuffer();
        words.CopyTo(_words.AsSpan(_wordCount));
        _wordCount += words.Length;
    }

    private void FlushBuffer()
    {
        var words = _words.AsSpan(0, _wordCount);
        _sum = Checksum(_sum, words);
        file.Write(MemoryMarshal.AsBytes(words));
        _wordCount = 0;
    }
}
