using System.Buffers.Text;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>How often the kernel has put pages elsewhere without a write of theirs, on the whole machine since it was started (/proc/vmstat).
/// While a count stands still, a place of that kind that was given up holds no page that is older.</summary>
/// <param name="IntoFrames">Into other page frames: brought in from swap, or migrated.</param>
/// <param name="IntoSwap">Into slots of swap.</param>
public readonly record struct Relocations(ulong IntoFrames, ulong IntoSwap)
{
    private static readonly byte[][] s_intoFrames = Names("pswpin", "zswpin", "swpin_zero", "pgmigrate_success", "thp_migration_success"),
        s_intoSwap = Names("pswpout", "zswpout", "swpout_zero");

    private static ulong s_unknown = ulong.MaxValue / 4;

    /// <summary>Both.</summary>
    public ulong All => IntoFrames + IntoSwap;

    /// <summary>The counts of now; where they can't be had other numbers each time. From any thread.</summary>
    public static Relocations Now()
    {
        Span<byte> text = stackalloc byte[16 * 1024];
        using var vmstat = Fd.TryOpen("/proc/vmstat", O_RDONLY, out _);
        int length = 0;
        for (int got; vmstat is not null && length < text.Length && (got = vmstat.TryRead(text[length..])) > 0;)
            length += got;
        if (In(text[..length]) is { } known)
            return known;
        ulong unknown = Interlocked.Increment(ref s_unknown);
        return new Relocations(unknown, unknown);
    }

    /// <summary>The sum of both counts, as <see cref="Now"/> has them.</summary>
    public static ulong Count() => Now().All;

    /// <summary>The counts in a vmstat; null where those of swap are missing.</summary>
    internal static Relocations? In(ReadOnlySpan<byte> vmstat)
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
