using System.Diagnostics;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>Proves that a final dump, which criu has just written and not yet ended, is the memory of its tree: every page that the images
/// leave to their parents is looked at, and those that hold other bytes by now (mremap(2) moves page tables unseen by the kernel's
/// tracking) are mended. What is not proved must not be restored, so the images have no inventory until all is done.</summary>
public sealed class FinalDump : IDisposable
{
    private readonly IProofLog _log;
    private readonly ProofFigures _figures;
    private readonly FinalImages _images;
    private UsedParent? _parent;
    private ulong _uptime;
    private bool _isWithheld;

    private FinalDump(FinalImages images, ProofFigures figures, IProofLog log) => (_images, _figures, _log) = (images, figures, log);

    /// <summary>All of it. True: the dump may end, and the tree with it. False: the tree must live on, and the log says why; then the
    /// images have no inventory, and their parent is no parent any more.</summary>
    /// <param name="imagesDirectory">The final images; all of them are written.</param>
    /// <param name="rootPid">The root of the tree, which stands still.</param>
    /// <param name="settings">What is asked for. Read when the images are out of the way: if that fails, too, nothing can be restored.</param>
    /// <param name="log">Told what was done.</param>
    public static bool Prove(string imagesDirectory, int rootPid, Func<ProofSettings> settings, IProofLog log)
    {
        var figures = new ProofFigures();
        FinalDump? dump = null;
        try
        {
            dump = new FinalDump(FinalImages.Open(imagesDirectory), figures, log);
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
            log.Say(figures.Line);
            dump?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parent?.Dispose();
        _images.Dispose();
    }

    // First of all, before a page is looked at: whatever ends us from here on, nothing looks whole. The parent comes first: killed in between
    // we leave the images as criu made them, of a dump that has failed, and not a parent that misses what is written from now on.
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
            _log.Warn("not proved: the images' pagemaps are not here but on a page server. What was moved since the last round (mremap) may be "
                + "restored from the parent, as it was before");
        _uptime = InventoryImage.Read(_images.Directory, areHere ? ImageNames.UnprovedInventory : ImageNames.Inventory).DumpUptime ?? 0;
    }

    private void Prove(int rootPid, ProofSettings settings)
    {
        using var chain = ImageChain.Open(_images.Directory.Reopen());
        long begun = Stopwatch.GetTimestamp();
        using var tree = StoppedTree.Open(TreeRoot.Find(rootPid));
        _figures.TreeTime = Stopwatch.GetTimestamp() - begun;
        var wrong = FindWrong(chain, tree, settings);
        if (wrong.Count > 0 && !settings.Mend)
            throw new PreDumpException($"pages that the images leave to their parents and that hold other bytes by now: {_figures.Wrong}; the settings say "
                + "that none is to be mended");
        begun = Stopwatch.GetTimestamp();
        foreach (var (task, pages) in wrong)
        {
            uint id = _images.NextPagesId();
            MendedTask.Write(_images, task, pages, id);
            _figures.Mended += pages.Aggregate(0UL, static (sum, run) => sum + PageSize.Pages(run.Length));
            _log.Say($"task {task}: mended, its pages are in {ImageNames.Pages(id)} now");
        }
        _figures.MendTime = Stopwatch.GetTimestamp() - begun;
        tree.RefuseRunning(); // one that has run has other memory than was compared
        _log.Say("proved: what the images leave to their parents is the memory of the tree");
    }

    private List<WrongPages> FindWrong(ImageChain chain, StoppedTree tree, ProofSettings settings)
    {
        string why = settings.Whole ? "the settings ask for it"
            : $"another dump or round was made on {chain[1].Path} before, and what was written between the two looks clean";
        using var frames = settings.Whole || _parent!.WasUsedBefore ? null : RoundFrames.TryOpen(_parent.Directory, _images, out why);
        if (frames is null)
            _log.Say($"all pages that are left to parents are compared: {why}");
        using var proof = new TaskProof(chain, task => frames?.Of(task) ?? AllSuspects.Instance, _figures);
        return new ImagesProof(_images, tree, proof, _figures, _log).Run();
    }

    // The parent's mark comes before the inventory: killed in between we leave a dump that is not whole, and no parent for a second one.
    private void End()
    {
        _parent?.Complete(_images.Path, _uptime);
        if (_isWithheld)
            _images.Release();
    }

    // Twice, if need be: what failed may have been just that.
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
        log.Say($"the dump is refused: the tree runs on, and criu restore refuses the images ({ImageNames.UnprovedInventory}); remove them"
            + (parent is null ? "" : ". What is written from now on the parent knows nothing of, so that it can be no parent any more: begin with a full "
                + "round, or dump without a parent"));
    }
}
