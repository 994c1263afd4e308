using System.Text;
using PreDump.Core.Reading;
using PreDump.Core.Select;
using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>The images of the round before (--prev-images-dir), and which tasks of today's tree they hold.</summary>
public sealed class ParentRound : IDisposable
{
    // Room for a path and a number.
    private const int MostOfChild = 8 * 1024;

    // To open the parent's images takes as long as writing some 100 KiB. What a small task has is not enough to tell whether comparing
    // pays, so these are judged together.
    private const ulong LeastCompared = 256 * 1024, LeastJudgedAlone = 16 * 1024 * 1024; // bytes

    private readonly IObserver _observer;
    private readonly ulong _dumpUptime;
    private readonly string _path;
    private readonly IParentIndex _pagemaps;
    private readonly HashSet<int> _known = [];
    private readonly Payoff _payoffOfSmallTasks = new();
    private readonly bool _compare, _local;
    private readonly ParentFrames? _frames;

    private bool _claimed, _trackingWasReset, _complete;

    private ParentRound(ulong dumpUptime, IParentIndex pagemaps, string path, bool compare, bool local, ParentFrames? frames, IObserver observer) =>
        (_dumpUptime, _pagemaps, _path, _compare, _local, _frames, _observer) = (dumpUptime, pagemaps, path, compare, local, frames, observer);

    /// <summary>What the user should know of how clean pages are told from moved ones, once the round is under way; else null.</summary>
    public string? Warning => _frames?.Warning;

    /// <summary>Asked before a page that looks clean is left to the parent; null: the kernel's word is trusted. For one task after the
    /// other.</summary>
    public FrameCheck? Check => _frames?.Check;

    /// <summary>Opens the parent images; null where none are asked for.</summary>
    /// <param name="request">Where they are, and of which tree.</param>
    /// <param name="images">Where this round's images go.</param>
    /// <param name="softDirty">Whether this kernel tracks changed memory.</param>
    /// <param name="elsewhere">Asks for the parent's pagemaps where they are not beside its inventory, as with a page server; null: they are.</param>
    /// <param name="observer">Told of tasks that are new.</param>
    /// <exception cref="PreDumpException">They can't be the parent: then nothing is done, rather than a full copy in silence.</exception>
    public static ParentRound? Open(ParentRequest request, RoundDirectory images, bool softDirty, Func<IParentIndex>? elsewhere, IObserver observer)
    {
        if (request.Directory is not { } previous)
        {
            if (images.ParentLink is { } link)
                throw new PreDumpException($"images directory {images.Path} has a parent link to {link}: give --prev-images-dir {link}, or use an empty directory");
            return null;
        }
        if (!softDirty)
            throw new PreDumpException("--prev-images-dir: this kernel does not track changed memory (no soft-dirty), so what changed since "
                + "the parent can't be told; leave the option out for a full copy, and see predump check");
        if (Path.IsPathRooted(previous))
            throw new PreDumpException($"--prev-images-dir {previous}: CRIU wants a path relative to the images directory, such as ../1");
        string path = Path.Combine(images.Path, previous);
        if (!Directory.Exists(path))
            throw new PreDumpException($"--prev-images-dir {previous}: {path} is no directory; the path is relative to the images directory");
        if (Path.GetFullPath(path) == Path.GetFullPath(images.Path))
            throw new PreDumpException($"--prev-images-dir {previous}: this is the images directory itself");
        if (!File.Exists(Path.Combine(path, ImageNames.Inventory)) && File.Exists(Path.Combine(path, ImageNames.ClaimedInventory)))
            throw new PreDumpException($"--prev-images-dir {previous}: a round on it was begun and not finished ({ImageNames.ClaimedInventory}), so what "
                + "changed since is not known: begin with a full round");
        RefuseSuperseded(path);
        var parent = ParentImages.Open(path);
        if (parent.DumpUptime > ProcFs.UptimeMicroseconds())
            throw new PreDumpException($"--prev-images-dir {previous}: its images are from before this machine was started: begin with a full round");
        var pagemaps = elsewhere is null ? new LocalParentIndex(parent, path) : elsewhere();
        var frames = request.TrustSoftDirty ? null : ParentFrames.Open(path, parent.DumpUptime, local: elsewhere is null);
        var round = new ParentRound(parent.DumpUptime, pagemaps, path, request.Compare, elsewhere is null, frames, observer);
        round.RefuseOtherTree(request.Tree);
        round.RefuseDamage();
        return round;
    }

    /// <summary>Takes the inventory out of the parent's way until the round has ended. Once dirty tracking is reset nothing else can
    /// build on this parent: if the round fails, or we are killed, what was written between the two freezes is lost to it, and
    /// neither predump nor criu may take it for a parent in silence. Restoring through it needs no inventory.</summary>
    /// <exception cref="PreDumpException">Another round was quicker.</exception>
    public void Claim()
    {
        try
        {
            using var directory = OpenDirectory();
            ParentMarks.Claim(directory);
            _claimed = true;
            RefuseSuperseded(_path); // once more: by a round that began and ended since we first looked
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            throw new PreDumpException($"--prev-images-dir: another round on {_path} has just begun, and only one can be made on it");
        }
        catch (LinuxException e) when (e.Errno is Errno.EROFS or Errno.EACCES or Errno.EPERM) // nobody here can: it is the user's to know
        {
            _observer.Warn($"{e.Message}: {_path} can't be marked as used, so remember: whether this round succeeds or fails, don't give it to "
                + "--prev-images-dir again");
        }
    }

    /// <summary>From here on only a finished round may give the parent back.</summary>
    public void TrackingIsReset() => _trackingWasReset = true;

    /// <summary>The round is finished. The parent is whole again and says from now on that this round was made on it: a second one would
    /// not know what changed before the first one reset the tracking, even where the first one's images have been removed.</summary>
    /// <param name="child">The round's directory.</param>
    /// <param name="uptime">Its dump_uptime, in microseconds.</param>
    public void Complete(string child, ulong uptime)
    {
        _complete = true;
        if (!_claimed)
            return;
        try
        {
            using var directory = OpenDirectory();
            ParentMarks.Mark(directory, Path.GetFullPath(child), uptime);
            ParentMarks.Release(directory);
        }
        catch (LinuxException e) // a full disk: without the mark it must not look like a parent
        {
            _observer.Warn($"{e.Message}: the round is whole, but its parent {_path} could not be marked as used, so its inventory stays "
                + $"{ImageNames.ClaimedInventory}: restoring through it is not affected, but the next round has to be a full one");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _frames?.Dispose();
        if (_complete)
            return;
        if (_trackingWasReset)
            _observer.Warn($"changed memory is tracked anew since this round began, so {_path} can't be a parent any more: begin with a full round");
        else if (_claimed)
        {
            using var directory = OpenDirectory();
            ParentMarks.Release(directory);
        }
    }

    /// <summary>Whether the parent holds this very task: an entry of its pid, and no younger task by that pid. Asked once for
    /// each task, in the freeze; a task that it does not hold is copied whole.</summary>
    public bool Has(TreeTask task)
    {
        if (!_pagemaps.Has(task.ImagePid) || IsYounger(task.StartTime))
            return false;
        _known.Add(task.Pid);
        return true;
    }

    /// <summary>The parent's pagemap of a task; null where it has none.</summary>
    public IParentCoverage? OpenPagemap(TreeTask task)
    {
        if (_known.Contains(task.Pid))
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
        return _local && _known.Contains(task.Pid) && (payoff is not null || _frames is not null)
            ? new ParentPages(task.ToString(), () => _pagemaps.OpenPages(task.ImagePid), payoff, _observer)
            : null;
    }

    private Fd OpenDirectory() => Fd.TryOpenDirectory(_path, out int error) ?? throw new LinuxException("open", _path, error);

    private static void RefuseSuperseded(string path)
    {
        string mark = Path.Combine(path, ImageNames.Child);
        if (new FileInfo(mark) is not { Exists: true } and not { LinkTarget: not null })
            return;
        var child = TryReadChild(mark) ?? "another round";
        throw new PreDumpException($"--prev-images-dir {path}: {child} was made on it already, and reset the tracking of changed memory: "
            + "what changed between the two is known to that round alone; give its directory, or begin with a full round");
    }

    private static string? TryReadChild(string mark)
    {
        var handle = RegularFile.TryOpenRead(mark, out _);
        if (handle is null)
            return null;
        using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        var bytes = new byte[MostOfChild];
        int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        var name = Encoding.UTF8.GetString(bytes, 0, length).Split('\n')[0];
        return name.Length > 0 ? name : null;
    }

    // Before the freeze: once dirty tracking is reset, what changed since the right parent can't be told any more.
    private void RefuseOtherTree(int root)
    {
        if (ProcStatus.TryRead(root) is not { } status)
            return;
        bool left = !_pagemaps.Has(status.InnermostPid);
        if (left ? !Ksm.MayMerge(root) : IsYounger(ProcFs.StartTime(root))) // one that is mergeable was left out of the parent, too
            throw new PreDumpException($"--prev-images-dir: {_pagemaps.Where} holds no images of task {root} ({status.Name}): {_pagemaps.Advice}, "
                + "or leave the option out for a full copy");
    }

    // All of the chain is read through once: damage must not be found when tracking has been reset, nor by the restore.
    private void RefuseDamage() =>
        ImageCheck.RefuseUnsound(_path, PageSize.Bytes, "give the images of a sound round, or leave --prev-images-dir out");

    // As CRIU tells pid reuse: started at or after the parent's dump, in clock ticks.
    private bool IsYounger(ulong startTime) => startTime >= _dumpUptime / (1_000_000 / (ulong)ClockTicks.PerSecond);
}

/// <summary>Which parent a round is to have.</summary>
/// <param name="Tree">The root of the tree.</param>
/// <param name="Directory">The parent's images, relative to the round's; null: none, a first round.</param>
/// <param name="Compare">Leave a page that was written to the parent where that has the same bytes.</param>
/// <param name="TrustSoftDirty">Leave each page that looks clean to the parent, without a look at where it lies.</param>
public sealed record ParentRequest(int Tree, string? Directory, bool Compare = true, bool TrustSoftDirty = false);
