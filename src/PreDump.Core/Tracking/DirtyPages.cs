using System.Runtime.InteropServices;
using PreDump.Core.Select;
using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>The pages of all tasks that were dirty at the freeze, as ranges that ascend within each task. Where there are too
/// many ranges of a task to keep, neighbours are made one: a page too many is copied, never one too few.</summary>
/// <param name="bytes">The room to begin with, made before the freeze.</param>
public sealed class DirtyPages(ulong bytes) : IDisposable
{
    private const int MostOfATask = 256 * 1024;
    private const int Chunk = 512;

    private readonly NativeBuffer _buffer = new(bytes);
    private int _count;

    private Span<MemoryRange> Ranges => MemoryMarshal.Cast<byte, MemoryRange>(_buffer.Span);

    /// <summary>Reads the dirty pages of a frozen task; returns where the ranges are.</summary>
    public Range Read(ProcPagemap pagemap, ReadOnlySpan<byte> mapsText, VmaRules rules, VmaWindow window)
    {
        int first = _count;
        var maps = new MapsReader(mapsText);
        while (window.TryFill(ref maps, rules, static (_, _) => { }))
        {
            if (window.Category == PageCategory.All) // the vdso's pages are never written
                continue;
            for (ulong at = window.Start; at < window.End;)
            {
                MakeRoom(first);
                var room = Ranges.Slice(_count, Chunk);
                _count += pagemap.Scan(ref at, window.End, PageCategory.SoftDirty, window.IsAnonymous, room);
            }
        }
        return first.._count;
    }

    /// <summary>A task's dirty ranges.</summary>
    public ReadOnlySpan<MemoryRange> this[Range ranges] => Ranges[ranges];

    /// <summary>A task's dirty ranges, for later: a span can't be kept.</summary>
    public IEnumerable<MemoryRange> Each(Range ranges)
    {
        for (int i = ranges.Start.Value; i < ranges.End.Value; i++)
            yield return Ranges[i];
    }

    /// <summary>How many bytes a task's dirty ranges have.</summary>
    public ulong Bytes(Range ranges)
    {
        ulong bytes = 0;
        foreach (var range in Ranges[ranges])
            bytes += range.Length;
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    private void MakeRoom(int first)
    {
        if (_count - first > MostOfATask)
            _count = first + Coarsen(Ranges[first.._count]);
        if (Ranges.Length - _count < Chunk)
            _buffer.Grow((ulong)_buffer.Length * 2);
    }

    // Joins each range with the next one, whatever lies between.
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
