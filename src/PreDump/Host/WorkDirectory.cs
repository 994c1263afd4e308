using PreDump.Core;
using PreDump.Images;
using PreDump.Linux;
using PreDump.Settings;

namespace PreDump.Host;

/// <summary>What is written beside the images: stats-dump, the pid file, the word to --status-fd. Without <see cref="Keep"/> the
/// statistics are removed: they would belong to no images.</summary>
internal sealed class WorkDirectory : IDisposable
{
    private readonly PreDumpOptions _options;
    private readonly StatusDescriptor _status;
    private bool _statsWritten, _keep;

    private WorkDirectory(PreDumpOptions options) => (_options, _status) = (options, StatusDescriptor.Open(options.StatusFd));

    private string StatsPath => Path.Combine(_options.WorkDirectory, ImageNames.Stats);

    /// <summary>Takes over the status descriptor.</summary>
    /// <exception cref="PreDumpException">The directory or the descriptor is not there.</exception>
    /// <exception cref="LinuxException">The statistics' name is taken by a link, or by another user's file.</exception>
    public static WorkDirectory Open(PreDumpOptions options)
    {
        RefuseMissing(options.WorkDirectory);
        PrivateFile.RefuseForeign(Path.Combine(options.WorkDirectory, ImageNames.Stats)); // rather now than when all has been copied
        return new WorkDirectory(options);
    }

    /// <summary>Refuses a work directory that is not there.</summary>
    /// <exception cref="PreDumpException">It is not.</exception>
    public static void RefuseMissing(string path)
    {
        if (!DirectoryFd.Exists(path))
            throw new PreDumpException($"work directory {path} does not exist: make it first, or leave --work-dir out");
    }

    /// <summary>Writes our pid, where it is asked for.</summary>
    public void WritePidFile() => PidFile.Write(_options.WorkDirectory, _options.PidFile, Environment.ProcessId);

    /// <summary>Says that the tree runs on: a zero byte, then the descriptor is closed. That nobody hears it is no reason to lose the round, and
    /// with it the chain.</summary>
    public void SignalStatus(IObserver observer)
    {
        try
        {
            _status.Signal();
        }
        catch (LinuxException e)
        {
            observer.Warn($"--status-fd can't be written to ({e.Message}): whoever waits there does not hear that the tree runs on");
        }
    }

    /// <summary>Writes stats-dump.</summary>
    public void WriteStats(in DumpStats stats)
    {
        Span<byte> image = stackalloc byte[StatsImage.MaxBytes];
        using var file = PrivateFile.CreateOrTruncate(StatsPath);
        _statsWritten = true;
        file.Write(image[..StatsImage.Write(image, stats)]);
        file.Close();
    }

    /// <summary>The images are whole: the statistics stay.</summary>
    public void Keep() => _keep = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        _status.Dispose();
        if (_statsWritten && !_keep)
            RemoveStats();
    }

    private void RemoveStats()
    {
        using var directory = DirectoryFd.TryOpen(_options.WorkDirectory, out _);
        directory?.TryUnlink(ImageNames.Stats);
    }
}
