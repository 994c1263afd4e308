using System.Numerics;
using PreDump.Linux;

namespace PreDump.Images;

/// <summary>What binds a frame ledger to its round and boot, because frames are meaningless after a reboot or with other
/// images.</summary>
/// <param name="DumpUptime">The round's dump_uptime, in microseconds since boot, as in its inventory.</param>
/// <param name="Boot">The identifier of the machine's boot (/proc/sys/kernel/random/boot_id).</param>
/// <param name="Relocations">The sum of <see cref="PreDump.Linux.Relocations"/> before the first page was recorded.</param>
public readonly record struct FrameLedgerHead(ulong DumpUptime, Guid Boot, ulong Relocations);

/// <summary>The format of predump-frames: the page frame (or swap slot) of every page that a round copied or left to its parent.
/// The file consists of 64-bit little-endian words:
/// <code>
///   head     magic | version, page size | dump_uptime | boot id (2 words) | relocations
///   task     image pid | start time             one section per task, in the order of the round
///     run      address | count | frame * count    consecutive pages, each with its own frame
///     run      address + 1 | count | frame        consecutive pages in consecutive frames, from this one
///     ...
///     end      ~0, or ~1 if the section is void: its frames may belong to other pages
///   ...
///   end      ~0 | number of tasks | checksum of all words before | magic
/// </code>
/// A page takes 8 bytes; a run of consecutive frames, such as a huge page, takes 24. Runs ascend within a task.</summary>
internal static class FrameLedgerFormat
{
    public const ulong BeginMagic = 0x7365_6d61_7266_6470; // "pdframes"
    public const ulong EndMagic = 0x646e_6573_6d61_7266; // "framsend"

    /// <summary>Version 1 in the low 32 bits, and the page size in bytes in the high ones.</summary>
    public static readonly ulong VersionAndPageSize = 1 | (PageSize.Step << 32);

    public const ulong End = ulong.MaxValue;

    public const ulong VoidEnd = ulong.MaxValue - 1;

    public const ulong Ascending = 1; // the bit of a run's address that marks consecutive frames

    public const int HeadWords = 6;

    /// <summary>Updates a checksum with more words. Every step is invertible, so a change of any single word changes the result.
    /// (A software CRC would take ten times as long.)</summary>
    public static ulong Checksum(ulong sum, ReadOnlySpan<ulong> words)
    {
        foreach (ulong word in words)
            sum = (BitOperations.RotateLeft(sum, 27) ^ word) * 0x9E37_79B9_7F4A_7C15;
        return sum;
    }
}
