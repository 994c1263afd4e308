using PreDump.Core.Parents;
using PreDump.Core.Select;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>Uses the last round's frame ledger: pages that are still in the recorded frame need not be compared.</summary>
public sealed class RoundFrames : IFrameSuspects, IDisposable
{
    private readonly FrameLedger _ledger;
    private readonly FrameCheck _check;
    private readonly FinalImages _images;
    private TreeTask? _task;

    private RoundFrames(FrameLedger ledger, FinalImages images)
    {
        (_ledger, _images) = (ledger, images);
        _check = new FrameCheck(ledger, Relocations.Count);
    }

    /// <summary>Opens the frame ledger of a round; null if there is none that can be trusted.</summary>
    /// <param name="round">The round that the dump is based on. No other round or dump was made on it before.</param>
    /// <param name="images">The dump's images.</param>
    /// <param name="read">The round's ledger, if it was read before; it is used if it still belongs to the round.</param>
    /// <param name="why">Why there is none, for the log.</param>
    /// <exception cref="ImageException">The round's inventory is damaged.</exception>
    public static RoundFrames? TryOpen(ParentDirectory round, FinalImages images, FrameLedger? read, out string why)
    {
        bool isClaimed = round.Images.Has(ImageNames.ClaimedInventory); // by this dump
        string inventory = isClaimed ? ImageNames.ClaimedInventory : ImageNames.Inventory;
        ulong uptime = InventoryImage.Read(round.Images, inventory).DumpUptime ?? 0;
        why = "";
        return read?.Head.DumpUptime == uptime && round.Images.Has(ImageNames.Frames) ? new RoundFrames(read, images)
            : ParentFrames.TryOpenLedger(round.Images, uptime, out why) is { } ledger ? new RoundFrames(ledger, images) : null;
    }

    /// <summary>Reads the ledger of a round on which a dump will be made, so that the proof need not read it while the tree
    /// stands still; null if there is none that can be trusted.</summary>
    /// <param name="round">The round's directory.</param>
    public static FrameLedger? TryRead(string round)
    {
        try
        {
            using var images = ImageDirectory.Open(round);
            return ParentFrames.TryOpenLedger(images, InventoryImage.Read(images).DumpUptime ?? 0, out _);
        }
        catch (Exception e) when (e is ImageException or LinuxException)
        {
            return null; // the proof says what is wrong
        }
    }

    /// <summary>Starts with a task, and ends with the previous one.</summary>
    public IFrameSuspects Of(TreeTask task)
    {
        _task = task;
        return this;
    }

    /// <inheritdoc/>
    public ulong Classify(ProcPagemap pagemap, MemoryRange pages, out bool suspect)
    {
        if (_task is { } task)
            _check.Begin(task.ImagePid, task.StartTime, pagemap, () => Dumped(task.ImagePid));
        _task = null;
        ulong bytes = _check.Next(pages, out bool same);
        suspect = !same;
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose() => _ledger.Dispose();

    // The pages that criu found to be soft-dirty.
    private IEnumerable<MemoryRange> Dumped(int imagePid)
    {
        using var pagemap = PagemapReader.Open(_images.Directory, ImageNames.Pagemap(imagePid), PageSize.Bytes);
        while (pagemap.TryRead(out var entry))
            if (entry.Flags.HasFlag(PageFlags.Present))
                yield return entry.Range(PageSize.Step);
    }
}
