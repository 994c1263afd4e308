using System.Runtime.InteropServices;
using PreDump.Core.Select;
using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>The dirty pages of all tasks in the freeze, as ranges that ascend within each task. If a task has too many ranges,
/// neighbours are joined together with the clean pages between them, which are then copied needlessly.</summary>
/// <param name="bytes">The initial size, allocated before the freeze.</param>
public sealed class DirtyPages(ulong bytes) : IDisposable
{
    private const int MaxRangesPerTask = 256 * 1024;
    private const int Chunk = 512;

    private readonly NativeBuffer _buffer = new(bytes);
    private int _count;

    private Span<MemoryRange> Ranges => MemoryMarshal.Cast<byte, MemoryRange>(_buffer.Span);

    /// <summary>Reads the dirty pages of a frozen task; returns their position.</summary>
    /// <param name="pagemap">The task's page tables.</param>
    /// <param name="mapsText">The task's raw maps.</param>
    /// <param name="rules">The rules for the task's VMAs.</param>
    /// <param name="window">A window to reuse.</param>
    /// <param name="populated">The only page tables to read: all else is dirty. Null: everything is read.</param>
    /// <param name="limit">Ends it early.</param>
    /// <exception cref="LinuxException">The page tables can't be read.</exception>
    public Range Read(
        ProcPagemap pagemap,
        ReadOnlySpan<byte> mapsText,
        VmaRules rules,
        VmaWindow window,
        PopulatedTables? populated,
        FreezeLimit limit)
    {
        int first = _count;
        populated?.Rewind();
        var maps = new MapsReader(mapsText);
        while (window.TryFill(ref maps, rules, static (_, _) => { }))
        {
            if (window.Category == PageCategory.All) // the vdso, which is never written
                continue;
            for (ulong at = window.Start; at < window.End;)
            {
                limit.Check();
                MakeRoom(first);
                ulong end = populated is null ? window.EndOfChunk(at) : PassUnread(populated, window, ref at);
                var free = Ranges.Slice(_count, Chunk);
                _count += pagemap.Scan(ref at, end, PageCategory.SoftDirty, window.IsAnonymous, free);
            }
        }
        return first.._count;
    }

    /// <summary>The dirty ranges at a position.</summary>
    public ReadOnlySpan<MemoryRange> this[Range ranges] => Ranges[ranges];

    /// <summary>Enumerates the dirty ranges at a position.</summary>
    public IEnumerable<MemoryRange> Each(Range ranges)
    {
        for (int i = ranges.Start.Value; i < ranges.End.Value; i++)
            yield return Ranges[i];
    }

    /// <summary>The total size in bytes of the dirty ranges at a position.</summary>
    public ulong Bytes(Range ranges)
    {
        ulong bytes = 0;
        foreach (var range in Ranges[ranges])
            bytes += range.Length;
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    // Adds what lies before the next populated page tables as one dirty range; returns the end of these.
    private ulong PassUnread(PopulatedTables populated, VmaWindow window, ref ulong at)
    {
        if (!populated.TryNext(at, window.End, out var part))
            part = new MemoryRange(window.End, 0);
        if (part.Start > at)
            Ranges[_count++] = new MemoryRange(at, part.Start - at);
        at = part.Start;
        return part.End;
    }

    private void MakeRoom(int first)
    {
        if (_count - first > MaxRangesPerTask)
            _count = first + Coarsen(Ranges[first.._count]);
        if (Ranges.Length - _count <= Chunk)
            _buffer.Grow((ulong)_buffer.Length * 2);
    }

    // Joins each pair of ranges, including the gap between them; returns the new count.
    private static int Coarsen(Span<MemoryRange> ranges)
    {
        int kept = 0;
        for (int i = 0; i < ranges.Length; i += 2)
        {
            var last = ranges[Math.Min(i + 1, ranges.Length - 1)];
            ranges[kept++] = new MemoryRange(ranges[i].Start, last.End - ranges[i].Start);
        }
        return kept;
    }
}
