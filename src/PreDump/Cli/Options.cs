using System.CommandLine;

namespace PreDump.Cli;

/// <summary>The table of options: each is defined once, in one of six classes by topic.</summary>
internal static class Options
{
    /// <summary>All, in the order of the help pages.</summary>
    public static readonly IReadOnlyList<ITableOption> All =
    [
        RoundOptions.Tree, RoundOptions.ImagesDir, RoundOptions.PrevImagesDir, RoundOptions.Track,
        RoundOptions.NoCompare, RoundOptions.TrustSoftDirty,
        SeriesOptions.MaxDowntime, SeriesOptions.MaxRounds, SeriesOptions.Interval, SeriesOptions.AfterRound,
        SquashOptions.Output, SquashOptions.InPlace,
        ConnectionOptions.Once, ConnectionOptions.Rounds, ConnectionOptions.Forever,
        ConnectionOptions.Compare, ConnectionOptions.Forward, ConnectionOptions.ForwardTls,
        RoundOptions.AutoDedup, RoundOptions.FreezeCgroup,
        RoundOptions.Timeout, RoundOptions.Threads, RoundOptions.Stripes, RoundOptions.MaxRate, RoundOptions.Nice,
        RoundOptions.ImageIoMode,
        ConnectionOptions.PageServer, ConnectionOptions.Address, ConnectionOptions.Port, ConnectionOptions.PsSocket,
        ConnectionOptions.PageServerProtocol, ConnectionOptions.Compress, ConnectionOptions.Streams, ConnectionOptions.Retry,
        ConnectionOptions.UseTls, ConnectionOptions.TlsCert, ConnectionOptions.TlsKey,
        ConnectionOptions.TlsCaCert, ConnectionOptions.TlsCrl, ConnectionOptions.TlsNoCnVerify,
        ProcessOptions.Daemon, ProcessOptions.WorkDir, ProcessOptions.LogFile, ProcessOptions.Verbosity,
        ProcessOptions.DisplayStats, ProcessOptions.Json, ProcessOptions.Report, ProcessOptions.Quiet, ProcessOptions.PidFile,
        ProcessOptions.StatusFd, ProcessOptions.Config, ProcessOptions.NoDefaultConfig,
        CompatibilityOptions.TrackMem, CompatibilityOptions.LeaveRunning, CompatibilityOptions.ShellJob,
        CompatibilityOptions.PreDumpMode,
    ];

    /// <summary>Those of a command.</summary>
    public static IEnumerable<ITableOption> Of(Takers command) => All.Where(option => option.IsFor(command));

    /// <summary>Gives a command its options.</summary>
    public static void AddTo(Command command, Takers which)
    {
        foreach (var option in Of(which))
            command.Add((Option)option);
    }

    /// <summary>Gives the options the help texts of a command, whose help page is to be printed.</summary>
    public static void Describe(Takers command)
    {
        foreach (var option in Of(command))
            ((Option)option).Description = option.HelpFor(command);
    }

    /// <summary>The one of that name.</summary>
    public static ITableOption? Named(string name) => All.FirstOrDefault(option => option.Names.Contains(name));
}
