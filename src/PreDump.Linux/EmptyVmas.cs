using System.Buffers.Text;

namespace PreDump.Linux;

/// <summary>The large VMAs of a task that hold no page at all, according to /proc/PID/smaps: reserved address space. The kernel
/// skips what is empty when it counts a VMA's pages, while /proc/PID/pagemap has an entry for every page that could be
/// there.</summary>
public sealed class EmptyVmas
{
    private const ulong MinBytes = 16 * 1024 * 1024; // smaller ones are read as fast

    private readonly HashSet<(ulong Start, ulong End)> _vmas = [];
    private (ulong Start, ulong End) _vma;
    private int _counts; // Rss and Swap of the VMA that were 0

    /// <summary>Looks for them; there are none if the task has gone.</summary>
    /// <exception cref="LinuxException">The file can't be read.</exception>
    public static EmptyVmas Read(int tid)
    {
        var empty = new EmptyVmas();
        SmapsFile.Read(tid, empty.ParseLines);
        return empty;
    }

    /// <summary>Whether a VMA with these borders was empty.</summary>
    public bool Contains(ulong start, ulong end) => _vmas.Contains((start, end));

    /// <summary>Parses all complete lines; returns the rest.</summary>
    internal ReadOnlySpan<byte> ParseLines(ReadOnlySpan<byte> text)
    {
        for (int end; (end = text.IndexOf((byte)'\n')) >= 0; text = text[(end + 1)..])
            ParseLine(text[..end]);
        return text;
    }

    private void ParseLine(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("Rss:"u8) || line.StartsWith("Swap:"u8))
        {
            var count = line[(line.IndexOf((byte)':') + 1)..].TrimStart((byte)' ');
            if (count.SequenceEqual("0 kB"u8) && ++_counts == 2 && _vma.End - _vma.Start >= MinBytes)
                _vmas.Add(_vma);
        }
        else if (line.IndexOf((byte)'-') is > 0 and <= 16 and var dash
            && Utf8Parser.TryParse(line, out ulong start, out int used, 'x') && used == dash
            && Utf8Parser.TryParse(line[(dash + 1)..], out ulong end, out _, 'x'))
            (_vma, _counts) = ((start, end), 0);
    }
}
