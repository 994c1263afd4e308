using System.Diagnostics;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>Proves that a final dump, which criu has just written but not yet completed, is the memory of its tree: checks every
/// page that the images leave to their parents, and mends those whose bytes differ from the parents' (mremap(2) moves page tables
/// without setting soft-dirty bits). Unproved images must not be restored, so they have no inventory until the proof is
/// complete.</summary>
public sealed class FinalDump : IDisposable
{
    private readonly IProofLog _log;
    private readonly ProofFigures _figures;
    private readonly FinalImages _images;
    private readonly FrameLedger? _ledger;
    private UsedParent? _parent;
    private ulong _uptime;
    private bool _isWithheld;

    private FinalDump(FinalImages images, FrameLedger? ledger, ProofFigures figures, IProofLog log) =>
        (_images, _ledger, _figures, _log) = (images, ledger, figures, log);

    /// <summary>Runs the complete proof. Failures are logged, not thrown.</summary>
    /// <returns>True: the dump may complete, and criu may kill the tree. False: the tree must run on, and the log says why; the
    /// images then have no inventory, and their parent can no longer be a parent.</returns>
    /// <param name="imagesDirectory">The final images, all of them written.</param>
    /// <param name="rootPid">The root of the tree, which is stopped.</param>
    /// <param name="settings">Reads the settings. Called when the inventory is withheld already, so that a failure refuses the
    /// dump.</param>
    /// <param name="log">Receives what was done.</param>
    /// <param name="figures">Get the figures of the proof.</param>
    /// <param name="ledger">The last round's ledger, if it was read before the tree stood still; disposed.</param>
    public static bool Prove(string imagesDirectory, int rootPid, Func<ProofSettings> settings, IProofLog log,
        ProofFigures figures, FrameLedger? ledger = null)
    {
        FinalDump? dump = null;
        try
        {
            dump = new FinalDump(FinalImages.Open(imagesDirectory), ledger, figures, log);
            log.Say($"the dump in {dump._images.Path}, of the tree of {rootPid}");
            dump.Begin();
            var asked = settings();
            if (dump._isWithheld)
                dump.Prove(rootPid, asked);
            dump.End();
            return true;
        }
        catch (Exception e)
        {
            log.Fail(Failure.TryExplain(e) ?? $"a defect of predump, please report it: {e}");
            Refuse(imagesDirectory, dump, log);
            return false;
        }
        finally
        {
            figures.End();
            log.Say(figures.Line);
            dump?.Dispose();
            ledger?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parent?.Dispose();
        _images.Dispose();
    }

    // Before anything is checked, so that the images do not look complete if predump is killed. The parent is claimed first: if
    // predump is killed in between, the images remain as criu wrote them, of a failed dump, but no parent remains that misses
    // later changes.
    private void Begin()
    {
        if (!_images.Names.Contains(ImageNames.Parent))
        {
            _log.Say("the images have no parent: there is nothing to prove");
            return;
        }
        _parent = UsedParent.Claim(_images.Directory, _log);
        bool areHere = _images.Names.Any(ImageNames.IsPagemap);
        if (areHere)
        {
            _images.Withhold();
            _isWithheld = true;
        }
        else
            _log.Warn("not proved: the images' pagemaps are not here but on a page server. Memory that was moved since the last "
                + "round (mremap) may be restored from the parent with its old contents");
        string inventory = areHere ? ImageNames.UnprovedInventory : ImageNames.Inventory;
        _uptime = InventoryImage.Read(_images.Directory, inventory).DumpUptime ?? 0;
    }

    private void Prove(int rootPid, ProofSettings settings)
    {
        using var chain = ImageChain.Open(_images.Directory.Reopen());
        long begun = Stopwatch.GetTimestamp();
        using var tree = StoppedTree.Open(TreeRoot.Find(rootPid));
        _figures.TreeTime = Stopwatch.GetTimestamp() - begun;
        var wrong = FindWrong(chain, tree, settings);
        if (wrong.Count > 0 && !settings.Mend)
            throw new PreDumpException($"pages left to the parents whose bytes differ now: {_figures.Wrong}; "
                + "the settings forbid mending them");
        begun = Stopwatch.GetTimestamp();
        foreach (var (task, pages) in wrong)
        {
            uint id = _images.NextPagesId();
            MendedTask.Write(_images, task, pages, id);
            _figures.Mended += pages.Aggregate(0UL, static (sum, run) => sum + PageSize.Pages(run.Length));
            _log.Say($"task {task}: mended, its pages are in {ImageNames.Pages(id)} now");
        }
        _figures.MendTime = Stopwatch.GetTimestamp() - begun;
        tree.RefuseRunning(); // a tree that has run may have changed the memory that was compared
        _log.Say("proved: the pages that the images leave to their parents are the memory of the tree");
    }

    private List<WrongPages> FindWrong(ImageChain chain, StoppedTree tree, ProofSettings settings)
    {
        string why = settings.Whole ? "the settings ask for it"
            : $"another dump or round was made on {chain[1].Path} before, and pages written between the two look clean";
        using var frames = settings.Whole || _parent!.WasUsedBefore
            ? null
            : RoundFrames.TryOpen(_parent.Directory, _images, _ledger, out why);
        if (frames is null)
            _log.Say($"all pages left to parents are compared: {why}");
        using var proof = new TaskProof(chain, task => frames?.Of(task) ?? AllSuspects.Instance, _figures);
        return new ImagesProof(_images, tree, proof, _figures, _log).Run();
    }

    // The parent is marked before the inventory is released: if predump is killed in between, the dump is incomplete, and no
    // parent remains for a second one.
    private void End()
    {
        _parent?.Complete(_images.Path, _uptime);
        if (_isWithheld)
            _images.Release();
    }

    // Repeats claiming and withholding if necessary, because these may be what has failed.
    private static void Refuse(string imagesDirectory, FinalDump? dump, IProofLog log)
    {
        var parent = dump?._parent;
        try
        {
            using var images = FinalImages.Open(imagesDirectory);
            if (parent is null && images.Names.Contains(ImageNames.Parent))
                parent = UsedParent.Claim(images.Directory, log);
            if (images.Names.Contains(ImageNames.Inventory))
                images.Withhold();
        }
        catch (Exception e) when (Failure.TryExplain(e) is { } reason)
        {
            log.Fail(reason);
        }
        log.Say($"the dump is refused: the tree runs on, and criu restore refuses the images ({ImageNames.UnprovedInventory}); "
            + "remove them" + (parent is null ? "" : ". The parent misses what is written from now on, so it can no longer be "
                + "a parent: begin with a full round, or dump without a parent"));
    }
}
