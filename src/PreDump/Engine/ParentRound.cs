using PreDump.Cli;
using PreDump.Images;
using PreDump.Linux;
using Serilog;

namespace PreDump.Engine;

/// <summary>The images of the round before (--prev-images-dir), and which tasks of today's tree they hold.</summary>
internal sealed class ParentRound : IDisposable
{
    // The parent's inventory while a round on it is under way. Once dirty tracking is reset nothing else can build on this
    // parent: if the round fails, or we are killed, then what was written between the two freezes is lost to it, and neither
    // predump nor criu may take it for a parent in silence. Restoring through it needs no inventory.
    private const string ClaimedInventory = "inventory.img.unfinished-round";

    private readonly ILogger _log;
    private readonly ParentImages _images;
    private readonly string _path;
    private readonly HashSet<int> _imagePids;
    private readonly HashSet<int> _known = [];

    private bool _claimed, _trackingWasReset, _complete;

    private ParentRound(ParentImages images, string path, ILogger log)
    {
        (_images, _path, _log) = (images, path, log);
        // Listed once, so that the freeze need not look for files.
        _imagePids = [.. Directory.EnumerateFiles(path).Select(file => ImageNames.PidOfPagemap(Path.GetFileName(file))).OfType<int>()];
    }

    /// <summary>Opens the parent images; null where none are asked for.</summary>
    /// <exception cref="PreDumpException">They can't be the parent: then nothing is done, rather than a full copy in silence.</exception>
    public static ParentRound? Open(PreDumpOptions options, ImagesDirectory images, bool softDirty, ILogger log)
    {
        if (options.PrevImagesDirectory is not { } previous)
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
        if (!File.Exists(Path.Combine(path, ImageNames.Inventory)) && File.Exists(Path.Combine(path, ClaimedInventory)))
            throw new PreDumpException($"--prev-images-dir {previous}: a round on it was begun and not finished ({ClaimedInventory}), so what changed "
                + "since is not known: begin with a full round");
        var parent = ParentImages.Open(path);
        if (parent.DumpUptime > ProcFs.UptimeMicroseconds())
            throw new PreDumpException($"--prev-images-dir {previous}: its images are from before this machine was started: begin with a full round");
        var round = new ParentRound(parent, path, log);
        round.RefuseOtherTree(options.Tree);
        round.RefuseDamage();
        return round;
    }

    /// <summary>Takes the inventory out of the parent's way until the round has ended.</summary>
    public void Claim()
    {
        using var directory = Fd.TryOpenDirectory(_path, out _);
        try
        {
            directory?.Rename(ImageNames.Inventory, ClaimedInventory);
            _claimed = directory is not null;
        }
        catch (LinuxException e)
        {
            _log.Warning("{Reason:l}: should this round fail, don't use {Path:l} as a parent again", e.Message, _path);
        }
    }

    /// <summary>From here on only a finished round may give the parent back.</summary>
    public void TrackingIsReset() => _trackingWasReset = true;

    /// <summary>The round is finished.</summary>
    public void Complete() => _complete = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_trackingWasReset && !_complete)
            _log.Warning("changed memory is tracked anew since this round began, so {Path:l} can't be a parent any more: begin with a full round", _path);
        else if (_claimed)
        {
            using var directory = Fd.TryOpenDirectory(_path, out _);
            directory?.Rename(ClaimedInventory, ImageNames.Inventory);
        }
    }

    /// <summary>Whether the parent holds this very task: an entry of its pid, and no younger task by that pid. Asked once for
    /// each task, in the freeze; a task that it does not hold is copied whole.</summary>
    public bool Has(TreeTask task)
    {
        if (!_imagePids.Contains(task.ImagePid) || IsYounger(task.StartTime))
            return false;
        _known.Add(task.Pid);
        return true;
    }

    /// <summary>The parent's pagemap of a task; null where it has none.</summary>
    public ParentPagemap? OpenPagemap(TreeTask task)
    {
        if (_known.Contains(task.Pid))
            return _images.OpenPagemap(task.ImagePid, PageSize.Bytes);
        if (_imagePids.Contains(task.ImagePid))
            _log.Warning("task {Task:l} is another one than the parent's of that pid (pid reuse): it is copied whole", task.ToString());
        else
            _log.Information("task {Task:l} is new since the parent: it is copied whole", task.ToString());
        return null;
    }

    // Before the freeze: once dirty tracking is reset, what changed since the right parent can't be told any more.
    private void RefuseOtherTree(int root)
    {
        if (ProcStatus.TryRead(root) is { } status && (!_imagePids.Contains(status.InnermostPid) || IsYounger(ProcFs.StartTime(root))))
            throw new PreDumpException($"--prev-images-dir: {_path} holds no images of task {root} ({status.Name}): they are of another tree; "
                + "give the directory of this tree's last round, or leave the option out for a full copy");
    }

    // Read through once: a damaged pagemap must not be found when tracking has been reset.
    private void RefuseDamage()
    {
        foreach (int pid in _imagePids)
        {
            using var pagemap = PagemapReader.Open(Path.Combine(_path, ImageNames.Pagemap(pid)), PageSize.Bytes);
            while (pagemap.TryRead(out _))
            {
            }
        }
    }

    // As CRIU tells pid reuse: started at or after the parent's dump, in clock ticks.
    private bool IsYounger(ulong startTime) => startTime >= _images.DumpUptime / (1_000_000 / (ulong)ClockTicks.PerSecond);
}
