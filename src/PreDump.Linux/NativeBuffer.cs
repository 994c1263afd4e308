using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Page-aligned memory outside the garbage-collected heap, faulted in when it is allocated so that using it in the
/// freeze causes no page faults. See mmap(2), MAP_POPULATE.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private byte* _start;

    /// <summary>Allocates at least <paramref name="bytes"/> bytes.</summary>
    /// <exception cref="LinuxException">ENOMEM: there is not enough memory.</exception>
    public NativeBuffer(ulong bytes)
    {
        Length = checked((int)PageSize.RoundUp(Math.Max(bytes, 1)));
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
        _start = (byte*)mmap(null, (size_t)(ulong)Length, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (_start == MAP_FAILED)
            throw new LinuxException("mmap", $"{Length} bytes", errno);
    }

    /// <summary>The buffer's size in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>The whole buffer. Invalid after <see cref="Grow"/> and <see cref="Dispose"/>.</summary>
    public Span<byte> Span => new(_start, Length);

    /// <summary>Grows the buffer to at least <paramref name="bytes"/> bytes and keeps its contents. Invalidates earlier spans.
    /// See mremap(2).</summary>
    /// <exception cref="LinuxException">ENOMEM: there is not enough memory.</exception>
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
