using PreDump.Linux;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Tests.Support;

/// <summary>Anonymous memory whose pages exist only after they are touched.</summary>
internal sealed unsafe class SparseMemory : IDisposable
{
    /// <summary>Finds the next runs of pages, and advances <paramref name="at"/> past the scanned pages.</summary>
    public delegate int Scan(ref ulong at, ulong end, Span<MemoryRange> found);

    private const int MADV_NOHUGEPAGE = 15;

    private readonly byte* _start;
    private readonly ulong _length;

    public SparseMemory(int pages)
    {
        _length = (ulong)pages * (ulong)PageSize.Bytes;
        _start = (byte*)mmap(null, (size_t)_length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (_start == MAP_FAILED)
            throw new LinuxException("mmap", $"{_length} bytes", errno);
        _ = madvise(_start, (size_t)_length, MADV_NOHUGEPAGE);
    }

    public ulong Start => (ulong)_start;

    public ulong End => Start + _length;

    public ulong AddressOf(int page) => Start + ((ulong)page * (ulong)PageSize.Bytes);

    public void Write(int page) => Volatile.Write(ref *(byte*)AddressOf(page), 1);

    public void Read(int page) => Volatile.Read(ref *(byte*)AddressOf(page));

    /// <summary>The pages that a scan finds, a few runs at a time.</summary>
    public List<ulong> PagesFound(Scan scan)
    {
        var pages = new List<ulong>();
        Span<MemoryRange> found = stackalloc MemoryRange[5];
        for (ulong at = Start; at < End;)
        {
            int count = scan(ref at, End, found);
            foreach (var range in found[..count])
                for (ulong page = range.Start; page < range.End; page += (ulong)PageSize.Bytes)
                    pages.Add(page);
        }
        return pages;
    }

    public static int ByIoctl(ref ulong at, ulong end, Span<MemoryRange> found)
    {
        using var pagemap = ProcPagemap.Open(Environment.ProcessId);
        return pagemap.Scan(ref at, end, PageCategory.Anonymous, anonymous: true, found);
    }

    public static int ByEntries(ref ulong at, ulong end, Span<MemoryRange> found)
    {
        using var fd = Fd.Open("/proc/self/pagemap", 0);
        return ProcPagemapEntries.Scan(fd, ref at, end, PageCategory.Anonymous, anonymous: true, found);
    }

    public void Dispose() => _ = munmap(_start, (size_t)_length);
}
