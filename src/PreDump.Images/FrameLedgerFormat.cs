using System.Numerics;
using PreDump.Linux;

namespace PreDump.Images;

/// <summary>What binds a frame ledger to its round: frames mean nothing after another boot, or beside other images.</summary>
/// <param name="DumpUptime">The round's dump_uptime, in microseconds since boot: the same as in its inventory.</param>
/// <param name="Boot">The machine's boot (/proc/sys/kernel/random/boot_id).</param>
/// <param name="Relocations">The count of <see cref="PreDump.Linux.Relocations"/> before the first page was noted.</param>
public readonly record struct FrameLedgerHead(ulong DumpUptime, Guid Boot, ulong Relocations);

/// <summary>The file predump-frames: for each page that a round has copied or left to its parent the page frame (or slot of swap) in which
/// it lay. All is 64-bit words, little endian:
/// <code>
/// head   magic | version, page size | dump_uptime | boot id (2 words) | relocations
/// task   image pid | start time                     one section for each task, in the order of the round
///   run    address | count | frame × count          pages one behind the other, each with its own frame; or,
///          address + 1 | count | frame              where each page's frame is the one before plus one
///   end    ~0, or ~1: the section is void, what it says may be of other pages
/// end    ~0 | number of tasks | checksum of all words before | magic
/// </code>
/// A page takes 8 bytes, a huge one hardly more. Runs ascend within a task.</summary>
internal static class FrameLedgerFormat
{
    public const ulong BeginMagic = 0x7365_6d61_7266_6470; // "pdframes"
    public const ulong EndMagic = 0x646e_6573_6d61_7266; // "framsend"

    /// <summary>Version 1, and the size of the pages that are counted.</summary>
    public static readonly ulong PagesAndVersion = 1 | (PageSize.Step << 32);

    public const ulong End = ulong.MaxValue;
    public const ulong Ascending = 1; // in an address

    public const ulong VoidEnd = ulong.MaxValue - 1;

    public const int HeadWords = 6;

    /// <summary>Goes on with the checksum of all words. Each step can be undone, so that one word that is another always changes the sum. (A CRC
    /// takes ten times as long where it is not the processor's own.)</summary>
    public static ulong Checksum(ulong sum, ReadOnlySpan<ulong> words)
    {
        foreach (ulong word in words)
            sum = (BitOperations.RotateLeft(sum, 27) ^ word) * 0x9E37_79B9_7F4A_7C15;
        return sum;
    }
}
