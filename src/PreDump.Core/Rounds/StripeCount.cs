using PreDump.Core.Copying;

namespace PreDump.Core.Rounds;

/// <summary>Chooses how many directories a round's pages go to, where that was not asked for.</summary>
public static class StripeCount
{
    /// <summary>Bytes that are worth a directory of their own.</summary>
    public const ulong BytesOfOne = 256 * 1024 * 1024;

    private const int MinThreads = 4; // fewer do not wait for each other long enough

    /// <summary>The number for a first round. Later ones have less to write, and would each make the chain longer.</summary>
    /// <param name="share">How much of the machine the copy may have.</param>
    /// <param name="bytes">The memory to be written, in bytes.</param>
    public static int OfFirstRound(CopyShare share, ulong bytes) => share.Threads < MinThreads || share.MaxRate is not null
        ? 1
        : (int)Math.Clamp(bytes / BytesOfOne, 1, (ulong)share.Threads);
}
