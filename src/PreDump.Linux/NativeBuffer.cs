using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Page-aligned memory outside the garbage collector's heap, faulted in when it is made: nothing that is done with it
/// in the freeze costs a page fault.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private byte* _start;

    /// <summary>At least <paramref name="bytes"/> bytes.</summary>
    public NativeBuffer(ulong bytes)
    {
        Length = checked((int)PageSize.RoundUp(Math.Max(bytes, 1)));
        _start = (byte*)mmap(null, (size_t)(ulong)Length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (_start == MAP_FAILED)
            throw new LinuxException("mmap", $"{Length} bytes", errno);
    }

    /// <summary>In bytes.</summary>
    public int Length { get; private set; }

    /// <summary>All of it.</summary>
    public Span<byte> Span => new(_start, Length);

    /// <summary>Grows it to at least <paramref name="bytes"/> bytes; what it holds stays, spans taken before are void.</summary>
    public void Grow(ulong bytes)
    {
        int length = checked((int)PageSize.RoundUp(bytes));
        if (length <= Length)
            return;
        const int MREMAP_MAYMOVE = 1;
        void* moved = mremap(_start, (size_t)(ulong)Length, (size_t)(ulong)length, MREMAP_MAYMOVE, null);
        if (moved == MAP_FAILED)
            throw new LinuxException("mremap", $"{length} bytes", errno);
        _start = (byte*)moved;
        Length = length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_start != null)
            _ = munmap(_start, (size_t)(ulong)Length);
        _start = null;
        Length = 0;
    }
}
