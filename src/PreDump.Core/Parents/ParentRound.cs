using PreDump.Core.Reading;
using PreDump.Core.Select;
using PreDump.Core.Sinks;
using PreDump.Core.Tracking;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>The round before, and which tasks of today's tree it holds.</summary>
public sealed class ParentRound : IDisposable
{
    // To open the parent's images takes as long as writing some 100 KiB. What a small task has is not enough to tell whether comparing
    // pays, so these are judged together.
    private const ulong LeastCompared = 256 * 1024, LeastJudgedAlone = 16 * 1024 * 1024; // bytes

    private readonly ParentDirectory _directory;
    private readonly ulong _dumpUptime;
    private readonly IParentIndex _pagemaps;
    private readonly ParentFrames? _frames;
    private readonly bool _compare, _local;
    private readonly IObserver _observer;
    private readonly Payoff _payoffOfSmallTasks = new();

    private ParentRound(ParentDirectory directory, ParentRequest request, IDirtyTracker tracker, Func<IParentIndex>? elsewhere, IObserver observer)
    {
        (_directory, _compare, _local, _observer) = (directory, request.Compare, elsewhere is null, observer);
        Claim = new ParentClaim(directory, observer);
        Claim.RefuseSuperseded();
        var images = ParentImages.Open(directory.Images);
        _dumpUptime = images.DumpUptime;
        if (_dumpUptime > ProcFs.UptimeMicroseconds())
            throw new PreDumpException($"the images in {directory.Path} are from before this machine was started: begin with a full round",
                RoundInput.Parent);
        _pagemaps = elsewhere is null ? new LocalParentIndex(images, directory.Images) : elsewhere();
        _frames = tracker.IsTrusted ? null : ParentFrames.Open(directory.Images, _dumpUptime, _local);
    }

    /// <summary>The round's hold on it.</summary>
    public ParentClaim Claim { get; }

    /// <summary>What the user should know of how clean pages are told from moved ones, once the round is under way; else null.</summary>
    public string? Warning => _frames?.Warning;

    /// <summary>Asked before a page that looks clean is left to the parent; null: the kernel's word is trusted. For one task after the
    /// other.</summary>
    public FrameCheck? Check => _frames?.Check;

    /// <summary>Opens the parent images; null where none are asked for.</summary>
    /// <param name="request">Where they are, and of which tree.</param>
    /// <param name="images">Where this round's images go.</param>
    /// <param name="tracker">Knows what has changed since.</param>
    /// <param name="elsewhere">Asks for the parent's pagemaps where they are not beside its inventory, as with a page server; null: they are.</param>
    /// <param name="observer">Told of tasks that are new.</param>
    /// <exception cref="PreDumpException">They can't be the parent: then nothing is done, rather than a full copy in silence.</exception>
    public static ParentRound? Open(ParentRequest request, RoundDirectory images, IDirtyTracker tracker, Func<IParentIndex>? elsewhere, IObserver observer)
    {
        if (request.Directory is not { } previous)
        {
            if (images.ParentLink is { } link)
                throw new PreDumpException($"images directory {images.Path} has a parent link to {link}: give {link} as the parent, or use an empty directory",
                    RoundInput.Parent);
            return null;
        }
        if (!tracker.Works)
            throw new PreDumpException("this kernel does not track changed memory (no soft-dirty), so what changed since the parent can't be told: "
                + "give no parent for a full copy, and see what the kernel can do", RoundInput.Parent, RoundInput.Kernel);
        var directory = new ParentDirectory(images.OpenPrevious(previous));
        ParentRound? round = null;
        try
        {
            if (directory.IsClaimed)
                throw new PreDumpException($"a round on {directory.Path} was begun and not finished ({ImageNames.ClaimedInventory}), so what "
                    + "changed since is not known: begin with a full round", RoundInput.Parent);
            round = new ParentRound(directory, request, tracker, elsewhere, observer);
            round.RefuseOtherTree(request.Tree);
            round.RefuseDamage();
            return round;
        }
        catch
        {
            round?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Whether the parent holds this very task: an entry of its pid, and no younger task by that pid. Asked in the freeze; a task
    /// that it does not hold is copied in full.</summary>
    public bool Has(TreeTask task) => _pagemaps.Has(task.ImagePid) && !IsYounger(task.StartTime);

    /// <summary>The parent's pagemap of a task; null where it does not hold this very task.</summary>
    public IParentCoverage? OpenPagemap(TreeTask task)
    {
        if (Has(task))
            return _pagemaps.Open(task.ImagePid);
        if (_pagemaps.Has(task.ImagePid))
            _observer.Warn($"task {task} is another one than the parent's of that pid (pid reuse): it is copied whole");
        else
            _observer.Note($"task {task} is new since the parent: it is copied whole");
        return null;
    }

    /// <summary>The parent's pages of a task, to compare with; null where nothing is compared.</summary>
    /// <param name="task">The task.</param>
    /// <param name="dirty">How many bytes of it were dirty in the freeze.</param>
    public ParentPages? PagesOf(TreeTask task, ulong dirty)
    {
        var payoff = !_compare || dirty < LeastCompared ? null : dirty < LeastJudgedAlone ? _payoffOfSmallTasks : new Payoff();
        return _local && Has(task) && (payoff is not null || _frames is not null)
            ? new ParentPages(task.ToString(), () => _pagemaps.OpenPages(task.ImagePid), payoff, _observer)
            : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _frames?.Dispose();
        _pagemaps.Dispose();
        Claim.Dispose();
        _directory.Dispose();
    }

    // Before the freeze: once dirty tracking is reset, what changed since the right parent can't be told any more.
    private void RefuseOtherTree(TreeRoot root)
    {
        bool left = !_pagemaps.Has(root.ImagePid);
        if (left ? !Ksm.MayMerge(root.Pid) : IsYounger(root.StartTime)) // one that is mergeable was left out of the parent, too
            throw new PreDumpException($"{_pagemaps.Where} holds no images of task {root}: {_pagemaps.Advice}, "
                + "or give no parent for a full copy", RoundInput.Parent);
    }

    // All of the chain is read through once: damage must not be found when tracking has been reset, nor by the restore.
    private void RefuseDamage() =>
        ImageCheck.RefuseUnsound(_directory.Images, PageSize.Bytes, "give the images of a sound round, or no parent for a full copy");

    // As CRIU tells pid reuse: started at or after the parent's dump, in clock ticks.
    private bool IsYounger(ulong startTime) => startTime >= _dumpUptime / (1_000_000 / (ulong)ClockTicks.PerSecond);
}

/// <summary>Which parent a round is to have.</summary>
/// <param name="Tree">The root of the tree.</param>
/// <param name="Directory">The parent's images, relative to the round's; null: none, a first round.</param>
/// <param name="Compare">Leave a page that was written to the parent where that has the same bytes.</param>
public sealed record ParentRequest(TreeRoot Tree, string? Directory, bool Compare = true);
