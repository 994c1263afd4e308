using System.Globalization;
using CsCheck;
using Xunit;

namespace PreDump.Tests.Unit.Fuzz;

/// <summary>Mutation fuzzing: valid inputs, damaged in a few places as broken or forged inputs are. The test names the exceptions
/// that a reader may throw; any other fails it, and so does memory use out of proportion to the input. CsCheck shrinks a
/// failing input and prints the seed that reproduces it (CsCheck_Seed). PREDUMP_FUZZ multiplies the number of inputs: 1 by
/// default, for a few seconds in total; 100 is a good long run.</summary>
internal static class Fuzz
{
    // 64 KiB buffers for each open file, parsers, exceptions with their traces
    private const long FixedBytes = 2 * 1024 * 1024;
    private const long BytesForEachByte = 256;

    private static readonly int s_factor =
        int.TryParse(Environment.GetEnvironmentVariable("PREDUMP_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture,
            out int factor) ? factor : 1;

    // Limits of lengths, counts, signs and pages.
    private static readonly byte[][] s_interesting =
    [
        [0], [0x7f], [0x80], [0xff], [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f], [0, 0, 0, 0], [0, 4, 0, 0], [1, 4, 0, 0],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
        [0, 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "\n"u8.ToArray(), " "u8.ToArray(), ")"u8.ToArray(), "-"u8.ToArray(),
        "\""u8.ToArray(), "18446744073709551616"u8.ToArray(), "ffffffffffffffffff"u8.ToArray(), "-1"u8.ToArray(),
        "\0"u8.ToArray(), [0xc3, 0x28],
    ];

    private enum Damage { Flip, Set, Interesting, Insert, Delete, Repeat, Truncate, Splice }

    private static readonly Gen<(Damage Kind, double At, double Other, byte Value)[]> s_damages =
        Gen.Select(Gen.Enum<Damage>(), Gen.Double[0, 1], Gen.Double[0, 1], Gen.Byte).Array[0, 4];

    /// <summary>Damaged forms of generated inputs; some are undamaged.</summary>
    public static Gen<byte[]> Damaged(Gen<byte[]> whole) => Gen.Select(whole, whole, s_damages, (input, other, damages) =>
    {
        var bytes = input.ToList();
        foreach (var damage in damages)
            Apply(damage, bytes, other);
        return bytes.ToArray();
    });

    /// <summary>Feeds inputs to a reader.</summary>
    /// <param name="inputs">Of <see cref="Damaged"/>.</param>
    /// <param name="read">Reads an input, asserts what holds for any result; throws what a reader may throw.</param>
    /// <param name="allowed">The documented exceptions.</param>
    /// <param name="count">How many inputs.</param>
    public static void Feed(Gen<byte[]> inputs, Action<byte[]> read, Type[] allowed, int count = 20_000)
    {
        long fed = count * (long)s_factor;
        inputs.Sample(input =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(input);
            }
            catch (Exception e) when (allowed.Contains(e.GetType()))
            {
                // As expected.
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= FixedBytes + input.Length * BytesForEachByte,
                $"{allocated} bytes allocated for {input.Length}");
        }, iter: fed, threads: 1, print: Convert.ToHexString);
        Tally.Count("hostile inputs read", fed);
    }

    private static void Apply((Damage Kind, double At, double Other, byte Value) damage, List<byte> bytes, byte[] other)
    {
        int Place(double where, int length) => Math.Min((int)(where * (length + 1)), length);
        int at = Place(damage.At, bytes.Count), behind = Place(damage.Other, bytes.Count);
        var (from, to) = (Math.Min(at, behind), Math.Max(at, behind));
        switch (damage.Kind)
        {
            case Damage.Flip when at < bytes.Count:
                bytes[at] ^= (byte)(1 << (damage.Value & 7));
                break;
            case Damage.Set when at < bytes.Count:
                bytes[at] = damage.Value;
                break;
            case Damage.Interesting:
                var value = s_interesting[damage.Value % s_interesting.Length];
                bytes.RemoveRange(at, Math.Min(value.Length, bytes.Count - at));
                bytes.InsertRange(at, value);
                break;
            case Damage.Insert:
                bytes.Insert(at, damage.Value);
                break;
            case Damage.Delete:
                bytes.RemoveRange(from, to - from);
                break;
            case Damage.Repeat:
                bytes.InsertRange(to, bytes.GetRange(from, Math.Min(to - from, 256)));
                break;
            case Damage.Truncate:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case Damage.Splice: // the end of another valid one
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other.Skip(Place(damage.Other, other.Length)));
                break;
        }
    }
}
