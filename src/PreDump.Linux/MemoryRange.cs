using System.Runtime.InteropServices;

namespace PreDump.Linux;

/// <summary>A range of a task's memory, [Start, Start + Length). It has the layout of the 64-bit <c>struct iovec</c>, so a span
/// of ranges can be passed to process_vm_readv(2) unchanged.</summary>
/// <param name="Start">The first address.</param>
/// <param name="Length">The length in bytes.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct MemoryRange(ulong Start, ulong Length) : IRun<MemoryRange>
{
    /// <summary>The first address after the range.</summary>
    public ulong End => Start + Length;

    /// <summary>The range without its first <paramref name="bytes"/> bytes.</summary>
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
