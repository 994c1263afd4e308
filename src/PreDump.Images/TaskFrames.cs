using PreDump.Linux;

namespace PreDump.Images;

/// <summary>Where a task's pages lay, as a frame ledger has it; asked for in ascending order, and streamed past the questions.</summary>
public sealed class TaskFrames
{
    private readonly LedgerWords _words;
    private LedgerRun _run;
    private ulong _taken; // words of the run
    private bool _hasRun;

    private readonly ulong _offset;

    internal TaskFrames(LedgerWords words, ulong offset)
    {
        (_words, _offset) = (words, offset);
        Rewind();
    }

    /// <summary>Begins anew.</summary>
    public void Rewind()
    {
        _words.Seek(_offset);
        (_run, _taken) = (default, 0);
        _hasRun = _words.TryReadRun(ref _run);
    }

    /// <summary>The first address from one on of which something is noted; null where there is none.</summary>
    public ulong? NextNoted(ulong address)
    {
        while (_hasRun && _run.End <= address)
            NextRun();
        return _hasRun ? Math.Max(address, _run.Start) : null;
    }

    /// <summary>The frames of pages one behind the other; <see cref="PageFrames.None"/> where the ledger does not have one.</summary>
    /// <param name="address">Of the first page, in bytes; behind those asked for before.</param>
    /// <param name="frames">Takes them.</param>
    public void Read(ulong address, Span<ulong> frames)
    {
        ulong page = PageSize.Step;
        while (!frames.IsEmpty)
        {
            while (_hasRun && _run.End <= address)
                NextRun();
            ulong left = (ulong)frames.Length, gap = !_hasRun ? left : address < _run.Start ? Math.Min(left, (_run.Start - address) / page) : 0;
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
            ulong frame = _run.First + first;
            foreach (ref ulong each in frames)
                each = frame++;
        }
        else if (_words.TrySkip(first - _taken) && _words.TryRead(frames))
        {
            _taken = first + (ulong)frames.Length;
        }
        else
        {
            frames.Fill(PageFrames.None); // changed since it was read through
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
