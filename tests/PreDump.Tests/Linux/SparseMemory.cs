using PreDump.Linux;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Tests.Linux;

/// <summary>Anonymous memory of which a page is there only once it is touched.</summary>
internal sealed unsafe class SparseMemory : IDisposable
{
    private const int MADV_NOHUGEPAGE = 15;

    private readonly byte* _start;
    private readonly ulong _length;

    public SparseMemory(int pages)
    {
        _length = PageSize.BytesOf((ulong)pages);
        _start = (byte*)mmap(null, (size_t)_length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (_start == MAP_FAILED)
            throw new LinuxException("mmap", $"{_length} bytes", errno);
        _ = madvise(_start, (size_t)_length, MADV_NOHUGEPAGE);
    }

    public ulong Start => (ulong)_start;

    public ulong End => Start + _length;

    public ulong AddressOf(int page) => Start + PageSize.BytesOf((ulong)page);

    public void Write(int page) => Volatile.Write(ref *(byte*)AddressOf(page), 1);

    public void Read(int page) => Volatile.Read(ref *(byte*)AddressOf(page));

    public void Dispose() => _ = munmap(_start, (size_t)_length);
}
