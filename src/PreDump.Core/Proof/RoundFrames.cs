using PreDump.Core.Parents;
using PreDump.Core.Select;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>What the last round noted of where its pages lay: of pages that still lie there no byte need be compared.</summary>
public sealed class RoundFrames : IFrameSuspects, IDisposable
{
    private readonly FrameLedger _ledger;
    private readonly FrameCheck _check;
    private readonly FinalImages _images;
    private TreeTask? _task;

    private RoundFrames(FrameLedger ledger, FinalImages images) => (_ledger, _check, _images) = (ledger, new FrameCheck(ledger, Relocations.Count), images);

    /// <summary>Opens the frame ledger of a round; null where there is none that can be used.</summary>
    /// <param name="round">The round that the dump was built upon. No other round or dump was made on it before.</param>
    /// <param name="images">The dump's.</param>
    /// <param name="why">Why there is none, for the log.</param>
    public static RoundFrames? TryOpen(ParentDirectory round, FinalImages images, out string why)
    {
        string inventory = round.Images.Has(ImageNames.ClaimedInventory) ? ImageNames.ClaimedInventory : ImageNames.Inventory; // claimed by us
        ulong uptime = InventoryImage.Read(round.Images, inventory).DumpUptime ?? 0;
        return ParentFrames.TryOpenLedger(round.Images, uptime, out why) is { } ledger ? new RoundFrames(ledger, images) : null;
    }

    /// <summary>Tells the suspects among a task's pages; those of the task before are done with.</summary>
    public IFrameSuspects Of(TreeTask task)
    {
        _task = task;
        return this;
    }

    /// <inheritdoc/>
    public ulong Ask(ProcPagemap pagemap, MemoryRange pages, out bool suspect)
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

    // The pages that criu found to be marked.
    private IEnumerable<MemoryRange> Dumped(int imagePid)
    {
        using var pagemap = PagemapReader.Open(_images.Directory, ImageNames.Pagemap(imagePid), PageSize.Bytes);
        while (pagemap.TryRead(out var entry))
            if (entry.Flags.HasFlag(PageFlags.Present))
                yield return entry.Range(PageSize.Step);
    }
}
