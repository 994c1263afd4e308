using System.CommandLine;
using PreDump.Core.Copying;
using PreDump.Core.Tracking;
using PreDump.PageServer.Client;
using PreDump.PageServer.Protocol;
using PreDump.PageServer.Security;
using PreDump.PageServer.Wire;
using PreDump.Settings;

namespace PreDump.Cli;

/// <summary>From a command line that the parser has taken to what it asks for.</summary>
internal static class OptionBinding
{
    private const int MostThreads = 8; // without being asked for more

    /// <summary>What the command line of a pre-dump says.</summary>
    public static PreDumpOptions PreDump(ParseResult line)
    {
        var images = RoundOptions.ImagesDir.In(line)!;
        return new PreDumpOptions
        {
            Tree = RoundOptions.Tree.In(line)!.Value,
            ImagesDirectory = images,
            WorkDirectory = ProcessOptions.WorkDir.In(line) ?? images,
            PrevImagesDirectory = RoundOptions.PrevImagesDir.In(line),
            Tracking = RoundOptions.Track.In(line) switch
            {
                "soft-dirty" => TrackingMethod.SoftDirty,
                "content" => TrackingMethod.Content,
                _ => TrackingMethod.Auto,
            },
            Compare = !RoundOptions.NoCompare.In(line),
            TrustSoftDirty = RoundOptions.TrustSoftDirty.In(line),
            AutoDedup = RoundOptions.AutoDedup.In(line),
            FreezeCgroup = RoundOptions.FreezeCgroup.In(line),
            Timeout = Timeout(line),
            PageServer = ConnectionOptions.PageServer.In(line) ? Server(line) : null,
            Share = new CopyShare(RoundOptions.Threads.In(line) ?? Math.Min(Environment.ProcessorCount, MostThreads),
                RoundOptions.MaxRate.In(line), RoundOptions.Nice.In(line)),
            Stripes = RoundOptions.Stripes.In(line),
            Direct = RoundOptions.ImageIoMode.In(line) == "direct",
            DisplayStats = ProcessOptions.DisplayStats.In(line),
            Json = ProcessOptions.Json.In(line),
            Quiet = ProcessOptions.Quiet.In(line),
            StatusFd = ProcessOptions.StatusFd.In(line),
            LogFile = ProcessOptions.LogFile.In(line),
            Verbosity = ProcessOptions.Verbosity.In(line)!.Value,
        };
    }

    /// <summary>What the command line of a series says.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="criuOptions">What stands behind --; null: there is no dump.</param>
    /// <exception cref="UsageException">That makes no sense.</exception>
    /// <exception cref="Core.PreDumpException">A configuration file can't be read.</exception>
    public static SeriesSettings Series(ParseResult line, IReadOnlyList<string>? criuOptions) => new()
    {
        Round = PreDump(line),
        MaxDowntime = TimeSpan.FromMilliseconds(SeriesOptions.MaxDowntime.In(line)!.Value),
        MaxRounds = SeriesOptions.MaxRounds.In(line)!.Value,
        Interval = TimeSpan.FromSeconds(SeriesOptions.Interval.In(line)!.Value),
        AfterRound = SeriesOptions.AfterRound.In(line),
        Report = ProcessOptions.Report.In(line),
        LeaveRunning = CompatibilityOptions.LeaveRunning.In(line),
        CriuOptions = criuOptions is null ? DumpOptions.None : PassedOptions.From(criuOptions),
    };

    /// <summary>What the command line of a page server says.</summary>
    public static ServeOptions PageServer(ParseResult line)
    {
        var images = RoundOptions.ImagesDir.In(line)!;
        return new ServeOptions
        {
            ImagesDirectory = images,
            WorkDirectory = ProcessOptions.WorkDir.In(line) ?? images,
            PrevImagesDirectory = RoundOptions.PrevImagesDir.In(line),
            Address = ConnectionOptions.Address.In(line)!,
            Port = ConnectionOptions.Port.In(line) ?? 0,
            Socket = ConnectionOptions.PsSocket.In(line),
            Rounds = ConnectionOptions.Forever.In(line) ? int.MaxValue : ConnectionOptions.Rounds.In(line),
            AutoDedup = RoundOptions.AutoDedup.In(line),
            Compares = ConnectionOptions.Compare.In(line),
            Forward = ForwardTo(line),
            Timeout = Timeout(line),
            Tls = TlsOf(line),
            Daemon = ProcessOptions.Daemon.In(line),
            PidFile = ProcessOptions.PidFile.In(line),
            StatusFd = ProcessOptions.StatusFd.In(line),
            Json = ProcessOptions.Json.In(line),
            Quiet = ProcessOptions.Quiet.In(line),
            LogFile = ProcessOptions.LogFile.In(line),
            Verbosity = ProcessOptions.Verbosity.In(line)!.Value,
        };
    }

    private static PageServerOptions Server(ParseResult line) => new()
    {
        Address = ConnectionOptions.Address.In(line)!,
        Port = ConnectionOptions.Port.In(line) ?? 0,
        Socket = ConnectionOptions.PsSocket.In(line),
        Timeout = Timeout(line),
        Layout = ConnectionOptions.PageServerProtocol.In(line) switch
        {
            "24" => MessageLayout.Bytes24,
            "32" => MessageLayout.Bytes32,
            _ => null,
        },
        Compression = CompressionOf(line),
        Streams = ConnectionOptions.Streams.In(line)!.Value,
        Retry = TimeSpan.FromSeconds(ConnectionOptions.Retry.In(line)!.Value),
        Tls = TlsOf(line),
    };

    private static PageServerOptions? ForwardTo(ParseResult line)
    {
        if (ConnectionOptions.Forward.In(line) is not { } where || OptionKinds.TrySplit(where) is not var (address, port))
            return null;
        return new PageServerOptions
        {
            Address = address,
            Port = port,
            Timeout = Timeout(line),
            Compression = CompressionOf(line),
            Streams = ConnectionOptions.Streams.In(line)!.Value,
            Retry = TimeSpan.FromSeconds(ConnectionOptions.Retry.In(line)!.Value),
            Tls = TlsOf(line) with { Enabled = ConnectionOptions.ForwardTls.In(line) },
        };
    }

    private static CompressionMode CompressionOf(ParseResult line) => ConnectionOptions.Compress.In(line) switch
    {
        "on" => CompressionMode.On,
        "off" => CompressionMode.Off,
        _ => CompressionMode.Auto,
    };

    private static TlsOptions TlsOf(ParseResult line) => new(
        ConnectionOptions.UseTls.In(line),
        ConnectionOptions.TlsCert.In(line),
        ConnectionOptions.TlsKey.In(line),
        ConnectionOptions.TlsCaCert.In(line),
        ConnectionOptions.TlsCrl.In(line),
        ConnectionOptions.TlsNoCnVerify.In(line));

    private static TimeSpan Timeout(ParseResult line) => RoundOptions.Timeout.In(line) is > 0 and var seconds
        ? TimeSpan.FromSeconds(seconds)
        : System.Threading.Timeout.InfiniteTimeSpan;
}
