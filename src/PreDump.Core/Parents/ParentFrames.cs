using PreDump.Core.Select;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>What the last round noted of where its pages lay (its frame ledger), as far as that says something today.</summary>
public sealed class ParentFrames : IDisposable
{
    private readonly FrameLedger? _ledger;

    private ParentFrames(FrameLedger? ledger, string? warning) => (_ledger, Warning, Check) = (ledger, warning, new FrameCheck(ledger, Relocations.Count));

    /// <summary>Compares with it; without a ledger nothing is certain.</summary>
    public FrameCheck Check { get; }

    /// <summary>What the user should know where there is no ledger to go by; else null.</summary>
    public string? Warning { get; }

    /// <summary>Opens the ledger of a round.</summary>
    /// <param name="directory">The round's.</param>
    /// <param name="dumpUptime">The one in its inventory, in microseconds.</param>
    /// <param name="local">Whether the round's pages are there to compare with.</param>
    public static ParentFrames Open(ImageDirectory directory, ulong dumpUptime, bool local)
    {
        if (TryOpenLedger(directory, dumpUptime, out var why) is { } ledger)
            return new ParentFrames(ledger, null);
        string instead = local ? "compared with the parent's" : "sent again, since the parent's pages are with the page server";
        return new ParentFrames(null, $"{why}, so a page that looks clean may have been moved there by mremap(2): each of them is {instead}; "
            + "trusting soft-dirty spares that, and takes the risk");
    }

    /// <summary>Opens a round's ledger; null where nothing in it can be believed.</summary>
    /// <param name="directory">The round's.</param>
    /// <param name="dumpUptime">The one in its inventory, in microseconds.</param>
    /// <param name="why">Why there is none.</param>
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
                why = $"{directory.Path} has no frame ledger (it is a round of criu's, or one of predump that trusted soft-dirty or ran without CAP_SYS_ADMIN)";
            else if (ledger.Head.DumpUptime == dumpUptime && ledger.Head.Boot == ProcFs.BootId())
            {
                ulong most = MostPages();
                if (ledger.Tasks.Values.All(task => task.Pages <= most))
                    return ledger;
                why = $"{directory.PathOf(ImageNames.Frames)} has a task of more pages than this machine could hold: it is damaged, or forged";
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

    // Of a task. (The huge zero page may be in very many places.) Who looks for each page of a forged ledger must come to an end.
    private static ulong MostPages() => 16 * PageSize.Pages(MemoryLimits.MachineBytes());
}
