using Google.Protobuf;
using PreDump.Images.Schema;

namespace PreDump.Images;

/// <summary>stats-dump (CRIU image format): the service magic, the type's, and one stats_entry.</summary>
public static class StatsImage
{
    /// <summary>
    /// Most that <see cref="Write"/> writes: two magics, a length, the message in the message with its tag and length,
    /// 14 tags, four u32, four u64 and six zeros.
    /// </summary>
    public const int MaxBytes = 3 * sizeof(uint) + 2 + 14 + 4 * 5 + 4 * 10 + 6;

    private const int MaxRecordBytes = 4096;

    private static readonly MessageParser<stats_entry> s_parser = stats_entry.Parser.WithDiscardUnknownFields(true);

    /// <summary>Writes the statistics of a pre-dump. What we never do (irmap, pipes, shared memory) is a written zero.</summary>
    /// <param name="to">At least <see cref="MaxBytes"/>.</param>
    /// <param name="stats">Microseconds and pages.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> to, in DumpStats stats)
    {
        var dump = new dump_stats_entry
        {
            FreezingTime = stats.FreezingMicroseconds,
            FrozenTime = stats.FrozenMicroseconds,
            MemdumpTime = stats.MemdumpMicroseconds,
            MemwriteTime = stats.MemwriteMicroseconds,
            PagesScanned = stats.PagesScanned,
            PagesSkippedParent = stats.PagesSkippedParent,
            PagesWritten = stats.PagesWritten,
            PagesLazy = stats.PagesLazy,
            IrmapResolve = 0,
            PagePipes = 0,
            PagePipeBufs = 0,
            ShpagesScanned = 0,
            ShpagesSkippedParent = 0,
            ShpagesWritten = 0,
        };
        int written = RecordWriter.WriteMagic(to, Magic.Service);
        written += RecordWriter.WriteMagic(to[written..], Magic.Stats);
        return written + RecordWriter.WriteRecord(to[written..], new stats_entry { Dump = dump });
    }

    /// <summary>Reads the statistics of a pre-dump or of a full dump.</summary>
    /// <param name="directory">Where they are.</param>
    /// <param name="name">The file's.</param>
    /// <exception cref="ImageException">No such file, no dump statistics, or damaged.</exception>
    public static DumpStats Read(ImageDirectory directory, string name = ImageNames.Stats)
    {
        using FileStream stream = directory.OpenStream(name);
        var records = new RecordReader(stream, directory.PathOf(name), "stats-dump", MaxRecordBytes);
        records.ExpectMagic(Magic.Service);
        records.ExpectMagic(Magic.Stats);
        stats_entry entry = records.Read(s_parser) ?? throw records.Damaged("ends before its record");
        if (entry.Dump is not { } dump || !HasRequired(dump))
            throw records.Damaged("record without the statistics of a dump");
        return new DumpStats
        {
            FreezingMicroseconds = dump.FreezingTime,
            FrozenMicroseconds = dump.FrozenTime,
            MemdumpMicroseconds = dump.MemdumpTime,
            MemwriteMicroseconds = dump.MemwriteTime,
            PagesScanned = dump.PagesScanned,
            PagesSkippedParent = dump.PagesSkippedParent,
            PagesWritten = dump.PagesWritten,
            PagesLazy = dump.PagesLazy,
        };
    }

    private static bool HasRequired(dump_stats_entry dump)
        => dump.HasFreezingTime && dump.HasFrozenTime && dump.HasMemdumpTime && dump.HasMemwriteTime
            && dump.HasPagesScanned && dump.HasPagesSkippedParent && dump.HasPagesWritten && dump.HasPagesLazy;
}
