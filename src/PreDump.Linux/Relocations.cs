using System.Buffers.Text;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>How many pages the kernel has relocated without a write, machine-wide since boot. While a counter stays the same, no
/// freed frame (or slot) can have been reused for a page that is older than its free. See /proc/vmstat in proc(5).</summary>
/// <param name="IntoFrames">Pages relocated into other page frames: swapped in or migrated.</param>
/// <param name="IntoSwap">Pages relocated into swap slots.</param>
public readonly record struct Relocations(ulong IntoFrames, ulong IntoSwap)
{
    private static readonly byte[][] s_intoFrames =
        Names("pswpin", "zswpin", "swpin_zero", "pgmigrate_success", "thp_migration_success");

    private static readonly byte[][] s_intoSwap = Names("pswpout", "zswpout", "swpout_zero");

    private static ulong s_unknown = ulong.MaxValue / 4;

    /// <summary>The sum of both counters.</summary>
    public ulong All => IntoFrames + IntoSwap;

    /// <summary>Reads the current counters. If they can't be read, returns different numbers at each call, so that no two are
    /// ever equal. Thread-safe.</summary>
    public static Relocations Now()
    {
        Span<byte> text = stackalloc byte[16 * 1024];
        using var vmstat = Fd.TryOpen("/proc/vmstat", O_RDONLY, out _);
        int length = 0;
        for (int got; vmstat is not null && length < text.Length && (got = vmstat.TryRead(text[length..])) > 0;)
            length += got;
        if (Parse(text[..length]) is { } known)
            return known;
        ulong unknown = Interlocked.Increment(ref s_unknown);
        return new Relocations(unknown, unknown);
    }

    /// <summary>The current sum of both counters (see <see cref="Now"/>).</summary>
    public static ulong Count() => Now().All;

    /// <summary>Parses the text of /proc/vmstat; null if the swap counters are missing.</summary>
    internal static Relocations? Parse(ReadOnlySpan<byte> vmstat)
    {
        ulong intoFrames = 0, intoSwap = 0;
        bool known = false;
        foreach (var range in vmstat.Split((byte)'\n'))
        {
            var line = vmstat[range];
            int blank = line.IndexOf((byte)' ');
            if (blank <= 0 || !Utf8Parser.TryParse(line[(blank + 1)..], out ulong count, out _))
                continue;
            intoFrames += IsAmong(s_intoFrames, line[..blank]) ? count : 0;
            intoSwap += IsAmong(s_intoSwap, line[..blank]) ? count : 0;
            known |= line.StartsWith("pswpin "u8);
        }
        return known ? new Relocations(intoFrames, intoSwap) : null;
    }

    private static byte[][] Names(params string[] names) => [.. names.Select(System.Text.Encoding.ASCII.GetBytes)];

    private static bool IsAmong(byte[][] names, ReadOnlySpan<byte> name)
    {
        foreach (var each in names)
            if (name.SequenceEqual(each))
                return true;
        return false;
    }
}
