using System.Runtime.InteropServices;
using PreDump.Linux;
using static PreDump.Images.FrameLedgerFormat;

namespace PreDump.Images;

/// <summary>Writes a frame ledger (<see cref="FrameLedgerFormat"/>), task after task. For one thread at a time.</summary>
/// <param name="file">New and empty; owned from here on.</param>
public sealed class FrameLedgerWriter(Fd file) : IDisposable
{
    private const int MostOfARun = 1024; // pages with a frame each that are one run
    private const int LeastAscending = 4; // pages: so few take no less room as a run of their own
    private const ulong MostFilled = 2; // pages: a gap so small takes no more room than the head of another run

    private readonly ulong[] _words = new ulong[4096];
    private readonly ulong[] _run = new ulong[MostOfARun];
    private int _wordCount, _runCount;
    private ulong _runStart; // of the pages in _run, or of the ascending ones
    private ulong _ascendingFrom, _ascendingCount;
    private ulong _tasks;
    private ulong _sum;

    /// <summary>Writes the head, before all else.</summary>
    public void Begin(in FrameLedgerHead head)
    {
        Span<ulong> words = [BeginMagic, PagesAndVersion, head.DumpUptime, 0, 0, head.Relocations];
        head.Boot.TryWriteBytes(MemoryMarshal.AsBytes(words[3..5]));
        Put(words);
    }

    /// <summary>Begins with a task.</summary>
    /// <param name="imagePid">The pid that names its images.</param>
    /// <param name="startTime">In clock ticks since boot.</param>
    public void BeginTask(int imagePid, ulong startTime)
    {
        _tasks++;
        Put([(ulong)imagePid, startTime]);
    }

    /// <summary>Adds pages of the task, behind those before.</summary>
    /// <param name="address">Of the first one, in bytes.</param>
    /// <param name="frames">Of each, as <see cref="PageFrames.Of(ulong)"/> gives it.</param>
    public void Add(ulong address, ReadOnlySpan<ulong> frames)
    {
        if (_ascendingCount > 0 && !frames.IsEmpty && address == _runStart + Bytes(_ascendingCount) && frames[0] == _ascendingFrom + _ascendingCount)
        {
            int more = CountAscending(frames);
            _ascendingCount += (ulong)more;
            address += Bytes((ulong)more);
            frames = frames[more..];
        }
        while (!frames.IsEmpty)
        {
            int single = 0, ascending = 0;
            while (single < frames.Length && (ascending = CountAscending(frames[single..])) < LeastAscending)
                single += ascending;
            AddSingle(address, frames[..single]);
            address += Bytes((ulong)single);
            frames = frames[single..];
            if (frames.IsEmpty)
                return;
            Flush();
            (_runStart, _ascendingFrom, _ascendingCount) = (address, frames[0], (ulong)ascending);
            address += Bytes((ulong)ascending);
            frames = frames[ascending..];
        }
    }

    /// <summary>Ends the task.</summary>
    /// <param name="isVoid">What was noted of it may be of other pages.</param>
    public void EndTask(bool isVoid = false)
    {
        Flush();
        Put([isVoid ? VoidEnd : End]);
    }

    /// <summary>Writes the end, without which it is no ledger, and closes the file.</summary>
    public void Complete()
    {
        Put([End, _tasks]);
        PutAll();
        Put([_sum, EndMagic]);
        PutAll();
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
        if (_runCount == 0 || gap > MostFilled || _runCount + (int)gap >= MostOfARun)
            Flush();
        else
            for (; gap > 0; gap--)
                _run[_runCount++] = PageFrames.None;
        while (!frames.IsEmpty)
        {
            if (_runCount == MostOfARun)
                Flush();
            if (_runCount == 0)
                _runStart = address;
            int some = Math.Min(frames.Length, MostOfARun - _runCount);
            frames[..some].CopyTo(_run.AsSpan(_runCount));
            _runCount += some;
            address += Bytes((ulong)some);
            frames = frames[some..];
        }
    }

    private void Flush()
    {
        if (_ascendingCount > 0)
            Put([_runStart | Ascending, _ascendingCount, _ascendingFrom]);
        if (_runCount > 0)
        {
            Put([_runStart, (ulong)_runCount]);
            Put(_run.AsSpan(0, _runCount));
        }
        (_ascendingCount, _runCount) = (0, 0);
    }

    private void Put(ReadOnlySpan<ulong> words)
    {
        if (words.Length > _words.Length - _wordCount)
            PutAll();
        words.CopyTo(_words.AsSpan(_wordCount));
        _wordCount += words.Length;
    }

    private void PutAll()
    {
        var words = _words.AsSpan(0, _wordCount);
        _sum = Checksum(_sum, words);
        file.Write(MemoryMarshal.AsBytes(words));
        _wordCount = 0;
    }
}
