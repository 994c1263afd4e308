using System.Text;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The VmFlags of /proc/PID/smaps (proc_pid_smaps(5)) that decide whether a VMA's pages may be read. The kernel walks the
/// page tables for smaps, so it is read only for tasks in which maps alone can't tell.</summary>
public sealed class VmFlags
{
    private readonly Dictionary<ulong, string> _flagsByStart = [];

    /// <summary>Reads them for all VMAs of a task; those of a task that has gone are empty.</summary>
    public static VmFlags Read(int tid)
    {
        var flags = new VmFlags();
        using var fd = ProcFs.OpenUnlessGone(ProcFs.Path(tid, "smaps"), O_RDONLY);
        if (fd is null)
            return flags;
        using var buffer = new NativeBuffer(256 * 1024);
        int held = 0, got;
        ulong start = 0;
        while ((got = fd.TryRead(buffer.Span[held..])) > 0)
        {
            held += got;
            var rest = flags.Lines(buffer.Span[..held], ref start);
            rest.CopyTo(buffer.Span);
            held = rest.Length;
        }
        if (got < 0 && errno != ESRCH)
            throw fd.Failed("read");
        return flags;
    }

    /// <summary>Takes all whole lines; returns what is left.</summary>
    internal ReadOnlySpan<byte> Lines(ReadOnlySpan<byte> text, ref ulong start)
    {
        for (int end; (end = text.IndexOf((byte)'\n')) >= 0; text = text[(end + 1)..])
            Line(text[..end], ref start);
        return text;
    }

    /// <summary>Whether the VMA that starts there has a flag, by its two letters: "io", "pf", "ht", "dp", "um", "mg".</summary>
    public bool Has(ulong start, string flag) => _flagsByStart.TryGetValue(start, out var flags) && flags.Contains(flag, StringComparison.Ordinal);

    /// <summary>Whether any VMA has a flag.</summary>
    public bool HasAny(string flag) => _flagsByStart.Values.Any(flags => flags.Contains(flag, StringComparison.Ordinal));

    private void Line(ReadOnlySpan<byte> line, ref ulong start)
    {
        if (line.StartsWith("VmFlags:"u8))
        {
            var flags = line["VmFlags:"u8.Length..];
            if (flags.IndexOf(" io"u8) >= 0 || flags.IndexOf(" pf"u8) >= 0 || flags.IndexOf(" ht"u8) >= 0 || flags.IndexOf(" dp"u8) >= 0
                || flags.IndexOf(" um"u8) >= 0 || flags.IndexOf(" mg"u8) >= 0)
                _flagsByStart[start] = Encoding.ASCII.GetString(flags);
        }
        else if (line.IndexOf((byte)'-') is > 0 and <= 16 && System.Buffers.Text.Utf8Parser.TryParse(line, out ulong address, out int used, 'x')
            && line[used] == '-')
            start = address;
    }
}
