using System.Buffers.Text;
using System.Text;

namespace PreDump.Linux;

/// <summary>The VmFlags of a task's VMAs that decide whether their pages can be read. They are in /proc/PID/smaps, for which the
/// kernel walks the page tables, so it is read only if maps alone is not enough. See proc_pid_smaps(5).</summary>
public sealed class VmFlags
{
    private readonly Dictionary<ulong, string> _flagsByStart = [];

    /// <summary>Reads the flags of all VMAs of a task; empty if the task has gone.</summary>
    /// <exception cref="LinuxException">The file can't be read.</exception>
    public static VmFlags Read(int tid)
    {
        var flags = new VmFlags();
        ulong start = 0;
        SmapsFile.Read(tid, text => flags.ParseLines(text, ref start));
        return flags;
    }

    /// <summary>Parses all complete lines; returns the rest.</summary>
    /// <param name="text">Lines of smaps.</param>
    /// <param name="start">The address of the VMA that the lines are about; updated.</param>
    internal ReadOnlySpan<byte> ParseLines(ReadOnlySpan<byte> text, scoped ref ulong start)
    {
        for (int end; (end = text.IndexOf((byte)'\n')) >= 0; text = text[(end + 1)..])
            ParseLine(text[..end], ref start);
        return text;
    }

    /// <summary>Whether the VMA at an address has a flag, given by its two letters: "io", "pf", "ht", "dp", "um" or
    /// "mg".</summary>
    public bool Has(ulong start, string flag) =>
        _flagsByStart.TryGetValue(start, out var flags) && flags.Contains(flag, StringComparison.Ordinal);

    /// <summary>Whether any VMA has a flag.</summary>
    public bool HasAny(string flag) => _flagsByStart.Values.Any(flags => flags.Contains(flag, StringComparison.Ordinal));

    private void ParseLine(ReadOnlySpan<byte> line, ref ulong start)
    {
        if (line.StartsWith("VmFlags:"u8))
        {
            var flags = line["VmFlags:"u8.Length..];
            if (HasStored(flags))
                _flagsByStart[start] = Encoding.ASCII.GetString(flags);
        }
        else if (line.IndexOf((byte)'-') is > 0 and <= 16
            && Utf8Parser.TryParse(line, out ulong address, out int used, 'x')
            && line[used] == '-')
            start = address;
    }

    // VMAs with other flags only need not be stored.
    private static bool HasStored(ReadOnlySpan<byte> flags) =>
        flags.IndexOf(" io"u8) >= 0 // I/O memory
        || flags.IndexOf(" pf"u8) >= 0 // raw page frames
        || flags.IndexOf(" ht"u8) >= 0 // hugetlb
        || flags.IndexOf(" dp"u8) >= 0 // droppable (MAP_DROPPABLE)
        || flags.IndexOf(" um"u8) >= 0 // userfaultfd, missing pages
        || flags.IndexOf(" mg"u8) >= 0; // mergeable (KSM)
}
