using System.Runtime.InteropServices;
using PreDump.Linux;
using static PreDump.Images.FrameLedgerFormat;

namespace PreDump.Images;

/// <summary>Pages one behind the other in a frame ledger.</summary>
/// <param name="Start">Of the first one, in bytes.</param>
/// <param name="Pages">How many.</param>
/// <param name="IsAscending">Each one's frame is the one before plus one; else a word for each page follows.</param>
/// <param name="First">The first one's frame, if they ascend.</param>
internal readonly record struct LedgerRun(ulong Start, ulong Pages, bool IsAscending, ulong First)
{
    /// <summary>The first address behind it.</summary>
    public ulong End => Start + PageSize.BytesOf(Pages);
}

/// <summary>Streams the words of a frame ledger, and trusts none of them. A file that ends or can't be read is one whose words
/// end.</summary>
/// <param name="file">The ledger; owned from here on.</param>
internal sealed class LedgerWords(Fd file) : IDisposable
{
    private const ulong UserSpace = 1UL << 63;

    private readonly ulong[] _buffer = new ulong[4096];
    private ulong _bufferAt; // offset of the buffer's first word, in bytes
    private int _count, _next;

    /// <summary>Of the next word, in bytes.</summary>
    public ulong Offset => _bufferAt + ((ulong)_next * sizeof(ulong));

    /// <summary>The checksum of all words read so far, if there was no <see cref="Seek"/>.</summary>
    public ulong Sum { get; private set; }

    /// <summary>Whether the last run that was asked for was the end of its task.</summary>
    public bool IsBehindEnd { get; private set; }

    /// <summary>Whether not a byte is left.</summary>
    public bool IsAtEnd
    {
        get
        {
            byte one = 0;
            return _next == _count && file.TryReadAt(MemoryMarshal.CreateSpan(ref one, 1), Offset) == 0;
        }
    }

    /// <summary>Whether that end said that all before it is void.</summary>
    public bool IsVoid { get; private set; }

    /// <summary>Goes on at an offset.</summary>
    public void Seek(ulong offset)
    {
        if (offset >= _bufferAt && offset <= _bufferAt + ((ulong)_count * sizeof(ulong)))
            _next = (int)((offset - _bufferAt) / sizeof(ulong));
        else
            (_bufferAt, _count, _next) = (offset, 0, 0);
        IsBehindEnd = false;
    }

    /// <summary>Reads so many words.</summary>
    public bool TryRead(Span<ulong> to)
    {
        while (!to.IsEmpty)
        {
            var some = Next((ulong)to.Length);
            if (some.IsEmpty)
                return false;
            some.CopyTo(to);
            to = to[some.Length..];
        }
        return true;
    }

    /// <summary>Steps over so many words.</summary>
    public bool TrySkip(ulong words)
    {
        while (words > 0)
        {
            var some = Next(words);
            if (some.IsEmpty)
                return false;
            words -= (ulong)some.Length;
        }
        return true;
    }

    /// <summary>Reads the head of the next run of a task; false at the task's end, and where it breaks the format.</summary>
    /// <param name="run">The run before; none at first.</param>
    public bool TryReadRun(ref LedgerRun run)
    {
        Span<ulong> words = stackalloc ulong[2];
        if (!TryRead(words[..1]))
            return false;
        IsVoid = words[0] == VoidEnd;
        if (IsBehindEnd = words[0] == End || IsVoid)
            return false;
        ulong start = words[0] & ~Ascending, page = PageSize.Step;
        bool ascending = start != words[0];
        if (!TryRead(words[1..]) || words[1] == 0 || start % page != 0 || start < run.End || start > UserSpace || words[1] > (UserSpace - start) / page)
            return false;
        ulong pages = words[1];
        if (ascending && !TryRead(words[..1]))
            return false;
        run = new LedgerRun(start, pages, ascending, ascending ? words[0] : 0);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private ReadOnlySpan<ulong> Next(ulong most)
    {
        if (_next == _count)
        {
            _bufferAt = Offset;
            (_count, _next) = (Math.Max(file.TryReadAt(MemoryMarshal.AsBytes(_buffer.AsSpan()), _bufferAt), 0) / sizeof(ulong), 0);
        }
        var words = _buffer.AsSpan(_next, (int)Math.Min((ulong)(_count - _next), most));
        _next += words.Length;
        Sum = Checksum(Sum, words);
        return words;
    }
}
