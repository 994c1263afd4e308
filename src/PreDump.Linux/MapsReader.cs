using System.Buffers.Text;

namespace PreDump.Linux;

/// <summary>Parses the raw text of /proc/PID/maps, one VMA at a time, without allocating. See proc_pid_maps(5).</summary>
public ref struct MapsReader(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    /// <summary>The length in bytes of the text not yet parsed, for a reader that continues there later.</summary>
    public readonly int Left => _rest.Length;

    /// <summary>Parses the next VMA; false at the end of the text.</summary>
    /// <exception cref="InvalidDataException">A line is malformed.</exception>
    public bool TryRead(out Vma vma)
    {
        vma = default;
        if (_rest.IsEmpty)
            return false;
        int end = _rest.IndexOf((byte)'\n');
        if (end < 0)
            throw Malformed(_rest);
        vma = Parse(_rest[..end]);
        _rest = _rest[(end + 1)..];
        return true;
    }

    // 7f0a1c000000-7f0a1c021000 rw-p 00000000 00:00 0                          [name]
    private static Vma Parse(ReadOnlySpan<byte> line)
    {
        var at = line;
        if (!TryHex(ref at, (byte)'-', out ulong start) || !TryHex(ref at, (byte)' ', out ulong end) || end <= start
            || at.Length < 5 || at[4] != ' ' || at[3] is not ((byte)'p' or (byte)'s'))
            throw Malformed(line);
        var permissions = at[..4];
        at = at[5..];
        if (!TryHex(ref at, (byte)' ', out _) || !SkipField(ref at)
            || !Utf8Parser.TryParse(at, out ulong inode, out int used))
            throw Malformed(line);
        return new Vma
        {
            Start = start,
            End = end,
            Shared = permissions[3] == 's',
            Inode = inode,
            Name = at[used..].TrimStart((byte)' '),
        };
    }

    private static bool TryHex(ref ReadOnlySpan<byte> at, byte terminator, out ulong value)
    {
        if (!Utf8Parser.TryParse(at, out value, out int used, 'x') || used >= at.Length || at[used] != terminator)
            return false;
        at = at[(used + 1)..];
        return true;
    }

    private static bool SkipField(ref ReadOnlySpan<byte> at)
    {
        int blank = at.IndexOf((byte)' ');
        if (blank < 0)
            return false;
        at = at[(blank + 1)..];
        return true;
    }

    private static InvalidDataException Malformed(ReadOnlySpan<byte> line) =>
        new($"/proc/PID/maps: not a VMA: {System.Text.Encoding.UTF8.GetString(line[..Math.Min(line.Length, 200)])}");
}
