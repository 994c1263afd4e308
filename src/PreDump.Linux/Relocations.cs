using System.Buffers.Text;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>How often the kernel has put pages into other page frames without a write of theirs, on the whole machine since it was started:
/// brought them in from swap, or migrated them (/proc/vmstat). While the count stands still, a frame that was given up holds no page
/// that is older.</summary>
public static class Relocations
{
    private static readonly byte[][] s_counts = [.. new[] { "pswpin", "zswpin", "swpin_zero", "pgmigrate_success", "thp_migration_success" }
        .Select(System.Text.Encoding.ASCII.GetBytes)];

    private static ulong s_unknown = ulong.MaxValue / 2;

    /// <summary>The count; where it can't be had another number each time. From any thread.</summary>
    public static ulong Count()
    {
        Span<byte> text = stackalloc byte[16 * 1024];
        using var vmstat = Fd.TryOpen("/proc/vmstat", O_RDONLY, out _);
        int length = 0;
        for (int got; vmstat is not null && length < text.Length && (got = vmstat.TryRead(text[length..])) > 0;)
            length += got;
        return CountIn(text[..length]) ?? Interlocked.Increment(ref s_unknown);
    }

    /// <summary>The sum of the counts in a vmstat; null where the one of swap is missing.</summary>
    internal static ulong? CountIn(ReadOnlySpan<byte> vmstat)
    {
        ulong sum = 0;
        bool known = false;
        foreach (var range in vmstat.Split((byte)'\n'))
        {
            var line = vmstat[range];
            if (line.IndexOf((byte)' ') is var blank && blank > 0 && IsCounted(line[..blank]) && Utf8Parser.TryParse(line[(blank + 1)..], out ulong count, out _))
            {
                sum += count;
                known |= line.StartsWith("pswpin"u8);
            }
        }
        return known ? sum : null;
    }

    private static bool IsCounted(ReadOnlySpan<byte> name)
    {
        foreach (var counted in s_counts)
            if (name.SequenceEqual(counted))
                return true;
        return false;
    }
}
