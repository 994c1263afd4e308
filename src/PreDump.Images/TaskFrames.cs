using PreDump.Linux;

namespace PreDump.Images;

/// <summary>The frames of a task's pages, read from a frame ledger as a stream: queries must ascend. Not thread-safe; valid until
/// another task of the ledger is opened.</summary>
public sealed class TaskFrames
{
    private readonly LedgerWords _words;
    private LedgerRun _run;
    private ulong _taken; // words of the run read so far
    private bool _hasRun;

    private readonly ulong _offset;

    internal TaskFrames(LedgerWords words, ulong offset)
    {
        (_words, _offset) = (words, offset);
        Rewind();
    }

    /// <summary>Starts again at the first page.</summary>
    public void Rewind()
    {
        _words.Seek(_offset);
        (_run, _taken) = (default, 0);
        _hasRun = _words.TryReadRun(ref _run);
    }

    /// <summary>The first recorded page's address at or after an address; null if there is none.</summary>
    public ulong? NextNoted(ulong address)
    {
        while (_hasRun && _run.End <= address)
            NextRun();
        return _hasRun ? Math.Max(address, _run.Start) : null;
    }

    /// <summary>Reads the frames of consecutive pages.</summary>
    /// <param name="address">The first page's address, after all pages read before.</param>
    /// <param name="frames">Receives one frame per page; <see cref="PageFrames.None"/> for pages that the ledger does not
    /// have.</param>
    public void Read(ulong address, Span<ulong> frames)
    {
        ulong page = PageSize.Step;
        while (!frames.IsEmpty)
        {
            while (_hasRun && _run.End <= address)
                NextRun();
            ulong left = (ulong)frames.Length;
            ulong gap = !_hasRun ? left : address < _run.Start ? Math.Min(left, (_run.Start - address) / page) : 0;
            if (gap > 0)
                frames[..(int)gap].Fill(PageFrames.None);
            ulong here = gap > 0 ? 0 : Math.Min(left, (_run.End - address) / page);
            if (here > 0)
                ReadRun((address - _run.Start) / page, frames[..(int)here]);
            address += (gap + here) * page;
            frames = frames[(int)(gap + here)..];
        }
    }

    private void ReadRun(ulong first, Span<ulong> frames)
    {
        if (_run.IsAscending)
        {
            ulong frame = _run.FirstFrame + first;
            foreach (ref ulong each in frames)
                each = frame++;
        }
        else if (_words.TrySkip(first - _taken) && _words.TryRead(frames))
        {
            _taken = first + (ulong)frames.Length;
        }
        else
        {
            frames.Fill(PageFrames.None); // the file has changed since it was validated
            _hasRun = false;
        }
    }

    private void NextRun()
    {
        if (!_run.IsAscending)
            _ = _words.TrySkip(_run.Pages - _taken);
        _taken = 0;
        _hasRun = _words.TryReadRun(ref _run);
    }
}
