using Google.Protobuf;
using PreDump.Images.Schema;

namespace PreDump.Images;

/// <summary>Reads and writes stats-dump (CRIU image format): the service magic, the magic of statistics, and one
/// stats_entry.</summary>
public static class StatsImage
{
    /// <summary> The maximum length that <see cref="Write"/> writes: two magics, a length, the tag and length of the inner
    /// message, 14 tags, four u32, four u64 and six zeros. </summary>
    public const int MaxBytes = 3 * sizeof(uint) + 2 + 14 + 4 * 5 + 4 * 10 + 6;

    private const int MaxRecordBytes = 4096;

    private static readonly MessageParser<stats_entry> s_parser = stats_entry.Parser.WithDiscardUnknownFields(true);

    /// <summary>Writes the statistics of a pre-dump. Fields for what predump does not do (irmap, pipes, shared memory) are
    /// written as zero.</summary>
    /// <param name="to">A buffer of at least <see cref="MaxBytes"/>.</param>
    /// <param name="stats">The statistics.</param>
    /// <returns>The number of bytes written.</returns>
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
    /// <param name="directory">The directory that contains them.</param>
    /// <param name="name">The file's name.</param>
    /// <exception cref="ImageException">There is no such file, or it has no statistics of a dump, or is damaged.</exception>
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
