using CsCheck;
using PreDump.Images;
using PreDump.Images.Schema;
using Xunit;

namespace PreDump.Tests.Unit.Images;

public sealed class StatsImageTests : IDisposable
{
    private static readonly Gen<DumpStats> s_stats =
        Gen.Select(Gen.UInt.Array[4], Gen.ULong.Array[4]).Select((times, pages) => new DumpStats
        {
            FreezingMicroseconds = times[0],
            FrozenMicroseconds = times[1],
            MemdumpMicroseconds = times[2],
            MemwriteMicroseconds = times[3],
            PagesScanned = pages[0],
            PagesSkippedParent = pages[1],
            PagesWritten = pages[2],
            PagesLazy = pages[3],
        });

    private readonly Scratch _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Statistics_have_zeros_for_what_predump_never_does()
        => Assert.Equal(
            Bytes.Hex("40591055 06330957 1e000000 0a1c 0800 1000 1800 2000 2800 3000 3800 4000 4800 5000 5800 6000 6800 7000"),
            Written(new DumpStats()));

    [Fact]
    public void The_largest_statistics_fill_the_stated_size_exactly()
        => Assert.Equal(StatsImage.MaxBytes, Written(new DumpStats
        {
            FreezingMicroseconds = uint.MaxValue,
            FrozenMicroseconds = uint.MaxValue,
            MemdumpMicroseconds = uint.MaxValue,
            MemwriteMicroseconds = uint.MaxValue,
            PagesScanned = ulong.MaxValue,
            PagesSkippedParent = ulong.MaxValue,
            PagesWritten = ulong.MaxValue,
            PagesLazy = ulong.MaxValue,
        }).Length);

    [Fact]
    public void Statistics_are_read_as_they_were_written()
        => s_stats.Sample(stats => Assert.Equal(stats, Read(Written(stats))), threads: 1, iter: 200);

    [Fact]
    public void What_is_not_the_statistics_of_a_dump_is_refused()
    {
        byte[] magics = [.. Bytes.UInt32(Magic.Service), .. Bytes.UInt32(Magic.Stats)];
        byte[] good = Written(new DumpStats { PagesWritten = 1000 });

        for (int length = 0; length < good.Length; length++)
            Assert.Throws<ImageException>(() => Read(good[..length]));
        Refused([.. Bytes.UInt32(Magic.Common), .. good[4..]], "instead of 0x55105940 at offset 0");
        Refused([.. good[..4], .. Bytes.UInt32(Magic.Pagemap), .. good[8..]], "instead of 0x57093306 at offset 4");
        Refused([.. magics, .. Bytes.UInt32(uint.MaxValue)], "record of 4294967295 bytes at offset 8");
        Refused([.. magics, .. Bytes.Record(new stats_entry { Restore = new() })], "without the statistics of a dump");
        Refused([.. magics, .. Bytes.Record(new stats_entry { Dump = new() { PagesScanned = 1 } })], "without the statistics");
    }

    private static byte[] Written(in DumpStats stats)
    {
        byte[] bytes = new byte[StatsImage.MaxBytes];
        return bytes[..StatsImage.Write(bytes, stats)];
    }

    private DumpStats Read(byte[] image) => Opened.Image(_directory.Write("stats-dump", image), StatsImage.Read);

    private void Refused(byte[] image, string problem)
        => Assert.Contains(problem, Assert.Throws<ImageException>(() => Read(image)).Message);
}
