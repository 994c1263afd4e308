using PreDump.Core;
using PreDump.Images;
using PreDump.Linux;
using PreDump.Settings;

namespace PreDump.Host;

/// <summary>What a run writes besides the images: stats-dump, the byte for --status-fd. Unless <see cref="Keep"/>
/// is called the statistics are removed: they would belong to no images.</summary>
internal sealed class WorkDirectory : IDisposable
{
    private readonly PreDumpOptions _options;
    private readonly StatusDescriptor? _status; // null: it is not open; criu's pre-dump does not look at it
    private bool _statsWritten, _keep;

    private WorkDirectory(PreDumpOptions options)
    {
        _options = options;
        _status = StatusDescriptor.TryOpen(options.StatusFd);
    }

    private string StatsPath => Path.Combine(_options.WorkDirectory, ImageNames.Stats);

    /// <summary>Takes over the status descriptor.</summary>
    /// <exception cref="PreDumpException">The directory is not there, or can't be written.</exception>
    /// <exception cref="LinuxException">The statistics' name is taken by a directory, a link, or another user's file.</exception>
    public static WorkDirectory Open(PreDumpOptions options)
    {
        RefuseMissing(options.WorkDirectory);
        PrivateFile.RefuseForeign(Path.Combine(options.WorkDirectory, ImageNames.Stats)); // now, not when everything is copied
        if (options.WorkDirectory != options.ImagesDirectory) // which was tried already
            RefuseUnwritable(options.WorkDirectory);
        return new WorkDirectory(options);
    }

    /// <summary>Checks that a work directory exists.</summary>
    /// <exception cref="PreDumpException">It does not.</exception>
    public static void RefuseMissing(string path)
    {
        if (!DirectoryFd.Exists(path))
            throw new PreDumpException($"work directory {path} does not exist: make it first, or leave --work-dir out");
    }

    /// <summary>Says that the tree runs on: writes a zero byte, then closes the descriptor. If no one reads it that is no reason
    /// to lose the round, and with it the chain.</summary>
    public void SignalStatus(IObserver observer)
    {
        if (_status is null)
            observer.Warn($"--status-fd {_options.StatusFd}: no such descriptor is open, so nobody is notified "
                + "that the tree runs on");
        try
        {
            _status?.Signal();
        }
        catch (LinuxException e)
        {
            observer.Warn($"--status-fd can't be written ({e.Message}): its reader is not notified that the tree runs on");
        }
    }

    /// <summary>Writes stats-dump. If that fails now it is no reason to lose the round, and with it the chain.</summary>
    public void WriteStats(in DumpStats stats, IObserver observer)
    {
        Span<byte> image = stackalloc byte[StatsImage.MaxBytes];
        try
        {
            using var file = PrivateFile.CreateOrTruncate(StatsPath);
            _statsWritten = true;
            file.Write(image[..StatsImage.Write(image, stats)]);
            file.Close();
        }
        catch (LinuxException e)
        {
            observer.Warn($"the statistics can't be written ({e.Message}): the images don't need them");
            RemoveStats();
        }
    }

    /// <summary>The images are complete: the statistics stay.</summary>
    public void Keep() => _keep = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        _status?.Dispose();
        if (_statsWritten && !_keep)
            RemoveStats();
    }

    private static void RefuseUnwritable(string path)
    {
        try
        {
            using var directory = DirectoryFd.Open(path);
            DirectoryTrial.Run(directory);
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"work directory {path} can't be written ({Failure.TryExplain(e)}): "
                + "give --work-dir another one");
        }
    }

    private void RemoveStats()
    {
        using var directory = DirectoryFd.TryOpen(_options.WorkDirectory, out _);
        directory?.TryUnlink(ImageNames.Stats);
    }
}
