using System.Runtime.InteropServices;

namespace PreDump.Linux;

/// <summary>Bytes of a task's memory, [Start, Start + Length). Its layout is the kernel's <c>struct iovec</c> on 64 bits, so a
/// span of ranges goes to process_vm_readv(2) as it is.</summary>
/// <param name="Start">The first address.</param>
/// <param name="Length">In bytes.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct MemoryRange(ulong Start, ulong Length) : IRun<MemoryRange>
{
    /// <summary>The first address behind the range.</summary>
    public ulong End => Start + Length;

    /// <summary>The range from its <paramref name="bytes"/>th byte on.</summary>
    public MemoryRange Skip(ulong bytes) => new(Start + bytes, Length - bytes);

    /// <inheritdoc/>
    public static bool TryJoin(ref MemoryRange run, in MemoryRange next)
    {
        if (run.End != next.Start)
            return false;
        run = new MemoryRange(run.Start, run.Length + next.Length);
        return true;
    }
}
