using PreDump.Core.Select;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>The previous round's frame ledger, if there is a valid one.</summary>
public sealed class ParentFrames : IDisposable
{
    private readonly FrameLedger? _ledger;

    private ParentFrames(FrameLedger? ledger, string? warning)
    {
        (_ledger, Warning) = (ledger, warning);
        Check = new FrameCheck(ledger, Relocations.Count);
    }

    /// <summary>Compares pages' current frames with the ledger. Without a ledger no page is certain to be unchanged.</summary>
    public FrameCheck Check { get; }

    /// <summary>A warning if there is no valid ledger; otherwise null.</summary>
    public string? Warning { get; }

    /// <summary>Opens the ledger of a round.</summary>
    /// <param name="directory">The round's images.</param>
    /// <param name="dumpUptime">The dump_uptime in its inventory, in microseconds since boot.</param>
    /// <param name="local">Whether the round's pages are on this machine, so that pages can be compared.</param>
    public static ParentFrames Open(ImageDirectory directory, ulong dumpUptime, bool local)
    {
        if (TryOpenLedger(directory, dumpUptime, out var why) is { } ledger)
            return new ParentFrames(ledger, null);
        string instead = local ? "compared with the parent's" : "sent again, because the parent's pages are on the page server";
        return new ParentFrames(null, $"{why}, so a page that looks clean may have been moved there by mremap(2): "
            + $"each of them is {instead}; trusting soft-dirty avoids that, but takes the risk");
    }

    /// <summary>Opens and validates a round's ledger; null if there is none that can be trusted.</summary>
    /// <param name="directory">The round's images.</param>
    /// <param name="dumpUptime">The dump_uptime in its inventory, in microseconds since boot.</param>
    /// <param name="why">Why there is none, for messages.</param>
    public static FrameLedger? TryOpenLedger(ImageDirectory directory, ulong dumpUptime, out string why)
    {
        why = "";
        if (!PageFrames.AreVisible)
        {
            why = "page frames are hidden from this user (that takes CAP_SYS_ADMIN)";
            return null;
        }
        try
        {
            var ledger = FrameLedger.TryOpen(directory);
            if (ledger is null)
                why = $"{directory.Path} has no frame ledger (the round was made by criu, or by predump trusting soft-dirty or "
                    + "without CAP_SYS_ADMIN)";
            else if (ledger.Head.DumpUptime == dumpUptime && ledger.Head.Boot == ProcFs.BootId())
            {
                ulong most = MaxPagesPerTask();
                if (ledger.Tasks.Values.All(task => task.Pages <= most))
                    return ledger;
                why = $"{directory.PathOf(ImageNames.Frames)} has a task with more pages than this machine can hold: "
                    + "it is damaged, or forged";
            }
            else
                why = $"{directory.PathOf(ImageNames.Frames)} belongs to another round, or to another boot";
            ledger?.Dispose();
        }
        catch (ImageException e)
        {
            why = e.Message;
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _ledger?.Dispose();

    // A limit, because work is done for each page of a ledger, which could be forged. It exceeds the machine's memory, because
    // the huge zero page may be mapped many times.
    private static ulong MaxPagesPerTask() => 16 * PageSize.Pages(MemoryLimits.MachineBytes());
}
