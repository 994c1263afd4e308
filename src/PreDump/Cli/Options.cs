using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using PreDump.Core.Copying;
using PreDump.PageServer;
using PreDump.Settings;

namespace PreDump.Cli;

/// <summary>The options of a pre-dump, each defined once.</summary>
internal static class Options
{
    public static readonly Option<int?> Tree = Number("--tree", "PID", "The root of the process tree: it and all its descendants are pre-dumped.", 1, int.MaxValue, "-t");
    public static readonly Option<string?> ImagesDir = Text("--images-dir", "DIR", "Where the images go; an empty directory for each round [default: .]", "-D");
    public static readonly Option<string?> PrevImagesDir = Text("--prev-images-dir", "DIR", "The images of the round before, relative to --images-dir: only what was written since is copied.");
    public static readonly Option<bool> NoCompare = Flag("--no-compare", "Copy each page that was written since, even if it holds what the parent has.");
    public static readonly Option<bool> TrustSoftDirty = Flag("--trust-soft-dirty", "Take each page that the kernel has not marked for the parent's, as criu does, even if mremap(2) may have moved it there.");
    public static readonly Option<bool> AutoDedup = Flag("--auto-dedup", "At the end, free in the parent images what this round replaces.");
    public static readonly Option<bool> TrackMem = Flag("--track-mem", "Track changed memory: always on, as in criu pre-dump.");
    public static readonly Option<string?> FreezeCgroup = Text("--freeze-cgroup", "PATH", "Freeze through this freezer cgroup (v1 or v2) instead of ptrace.");
    public static readonly Option<int?> Timeout = Number("--timeout", "SECONDS", "How long freezing may take, and how long a page server may be silent; 0: without end [default: 10]", 0, 1_000_000);
    public static readonly Option<int?> Threads = Number("--threads", "N", "How many threads copy [default: as many as there are processors, at most 8]", 1, 64);
    public static readonly Option<long?> MaxRate = Rate("--max-rate", "BYTES", "How many bytes a second are copied at most, from 256K up; K, M and G behind it mean KiB, MiB and GiB.");
    public static readonly Option<int?> Nice = Number("--nice", "N", "The nice value of the threads that copy, 0 to 19; the freeze is not slowed down.", 0, 19);
    public static readonly Option<string?> ImageIoMode = Text("--image-io-mode", "buffered|direct", "How pages are written: through the page cache, or past it (O_DIRECT) [default: buffered]");
    public static readonly Option<bool> PageServer = Flag("--page-server", "Send the pages to the page server at --address and --port.");
    public static readonly Option<string?> Address = Text("--address", "ADDRESS", "The page server's name or address [default: 127.0.0.1]");
    public static readonly Option<int?> Port = Number("--port", "PORT", "The page server's port. A page server without it chooses one itself.", 0, 65535);
    public static readonly Option<int?> PsSocket = Number("--ps-socket", "FD", "A socket that is connected to the other side already.", 0, int.MaxValue);
    public static readonly Option<string?> PageServerProtocol = Text("--page-server-protocol", "auto|24|32", "How long the page server's messages are: 24 bytes up to CRIU 4.1, 32 since [default: auto]");
    public static readonly Option<string?> WorkDir = Text("--work-dir", "DIR", "Where stats-dump, the log and the pid file go [default: the images directory]", "-W");
    public static readonly Option<string?> LogFile = Text("--log-file", "FILE", "Log to this file in the work directory; - is standard output [default: standard error]", "-o");
    public static readonly Option<int?> Verbosity = Number("--verbosity", "N", "1 errors, 2 warnings, 3 information, 4 debug; -v, -vv and -v4 work too [default: 2]", 0, 10);
    public static readonly Option<bool> DisplayStats = Flag("--display-stats", "Print the figures that criu --display-stats prints.");
    public static readonly Option<bool> Json = Flag("--json", "Print the summary as one JSON object on standard output.");
    public static readonly Option<bool> Quiet = Flag("--quiet", "No progress, no summary, no warnings; errors only.", "-q");
    public static readonly Option<bool> LeaveRunning = Flag("--leave-running", "The tree runs on: it always does after a pre-dump.", "-R");
    public static readonly Option<bool> ShellJob = Flag("--shell-job", "The tree belongs to a shell: makes no difference to a pre-dump.", "-j");
    public static readonly Option<string?> PidFile = Text("--pidfile", "FILE", "Write the pid of predump to this file in the work directory.");
    public static readonly Option<int?> StatusFd = Number("--status-fd", "FD", "Write a zero byte to this descriptor and close it once the tree runs on.", 0, int.MaxValue);
    public static readonly Option<string?> PreDumpMode = Text("--pre-dump-mode", "MODE", "read or splice, for criu's sake: predump always reads.");

    public static readonly Option<bool> TlsFlag = Flag("--tls", "TLS to the other side of a page server's connection; both sides show certificates.");
    public static readonly Option<string?> TlsCert = Text("--tls-cert", "FILE", "Our certificate, PEM [default: /etc/pki/criu/cert.pem]");
    public static readonly Option<string?> TlsKey = Text("--tls-key", "FILE", "Its key, PEM [default: /etc/pki/criu/private/key.pem]");
    public static readonly Option<string?> TlsCaCert = Text("--tls-cacert", "FILE", "The CA that signed the other side's certificate, PEM [default: /etc/pki/CA/cacert.pem]");
    public static readonly Option<string?> TlsCrl = Text("--tls-cacrl", "FILE", "The CA's revocation list, PEM [default: /etc/pki/CA/cacrl.pem if it is there]", "--tls-crl");
    public static readonly Option<bool> TlsNoCnVerify = Flag("--tls-no-cn-verify", "Don't compare the other side's certificate with --address.");

    private const long LeastRate = 256 * 1024; // a batch of a MiB in four seconds: a page server takes longer silence for the end

    /// <summary>Those of TLS.</summary>
    public static readonly IReadOnlyList<Option> AllTls = [TlsFlag, TlsCert, TlsKey, TlsCaCert, TlsCrl, TlsNoCnVerify];

    public static readonly Option<bool> Daemon = Flag("--daemon", "Go on in the background once the page server listens.", "-d");
    public static readonly Option<bool> Once = Flag("--once", "Receive one round, into --images-dir itself (the default).");
    public static readonly Option<int?> Rounds = Number("--rounds", "N", "Receive N rounds, into the directories 1, 2, 3 and so on of --images-dir.", 1, int.MaxValue);
    public static readonly Option<bool> Forever = Flag("--forever", "The same, until it is ended by a signal.");

    /// <summary>Tells a page server that it is the daemon, with the listening socket for its standard input.</summary>
    public static readonly Option<bool> IsDaemon = new(ServeOptions.IsDaemonFlag) { Hidden = true, Arity = ArgumentArity.Zero };

    /// <summary>Those of a page server, in the order of the help page.</summary>
    public static readonly IReadOnlyList<Option> AllServe =
    [
        ImagesDir, PrevImagesDir, Address, Port, Once, Rounds, Forever, AutoDedup, Timeout, Daemon, PidFile, StatusFd, PsSocket, .. AllTls,
        WorkDir, LogFile, Verbosity, Json, Quiet, IsDaemon,
    ];

    /// <summary>All, in the order of the help page.</summary>
    public static readonly IReadOnlyList<Option> All =
    [
        Tree, ImagesDir, PrevImagesDir, NoCompare, TrustSoftDirty, AutoDedup, TrackMem, FreezeCgroup, Timeout, Threads, MaxRate, Nice, ImageIoMode,
        PageServer, Address, Port, PsSocket, PageServerProtocol, .. AllTls,
        WorkDir, LogFile, Verbosity, DisplayStats, Json, Quiet, LeaveRunning, ShellJob, PidFile, StatusFd, PreDumpMode,
    ];

    /// <summary>What a command line says.</summary>
    public static PreDumpOptions Bind(ParseResult line)
    {
        var images = line.GetValue(ImagesDir) ?? ".";
        return new PreDumpOptions
        {
            Tree = line.GetValue(Tree)!.Value,
            ImagesDirectory = images,
            WorkDirectory = line.GetValue(WorkDir) ?? images,
            PrevImagesDirectory = line.GetValue(PrevImagesDir),
            Compare = !line.GetValue(NoCompare),
            TrustSoftDirty = line.GetValue(TrustSoftDirty),
            AutoDedup = line.GetValue(AutoDedup),
            FreezeCgroup = line.GetValue(FreezeCgroup),
            Timeout = TimeoutOf(line),
            PageServer = line.GetValue(PageServer) ? BindPageServer(line) : null,
            Share = new CopyShare(line.GetValue(Threads) ?? Math.Min(Environment.ProcessorCount, 8), line.GetValue(MaxRate), line.GetValue(Nice)),
            Direct = line.GetValue(ImageIoMode) == "direct",
            DisplayStats = line.GetValue(DisplayStats),
            Json = line.GetValue(Json),
            Quiet = line.GetValue(Quiet),
            PidFile = line.GetValue(PidFile),
            StatusFd = line.GetValue(StatusFd),
            LogFile = line.GetValue(LogFile),
            Verbosity = line.GetValue(Verbosity) ?? 2,
        };
    }

    private static PageServerOptions BindPageServer(ParseResult line) => new()
    {
        Address = line.GetValue(Address) ?? "127.0.0.1",
        Port = line.GetValue(Port) ?? 0,
        Socket = line.GetValue(PsSocket),
        Timeout = TimeoutOf(line),
        Layout = line.GetValue(PageServerProtocol) switch
        {
            "24" => MessageLayout.Bytes24,
            "32" => MessageLayout.Bytes32,
            _ => null,
        },
        Tls = BindTls(line),
    };

    private static TimeSpan TimeoutOf(ParseResult line) =>
        line.GetValue(Timeout) is 0 ? System.Threading.Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(line.GetValue(Timeout) ?? 10);

    /// <summary>What a command line says of TLS.</summary>
    public static TlsOptions BindTls(ParseResult line) => new(line.GetValue(TlsFlag), line.GetValue(TlsCert), line.GetValue(TlsKey),
        line.GetValue(TlsCaCert), line.GetValue(TlsCrl), line.GetValue(TlsNoCnVerify));

    /// <summary>What the command line of a page server says.</summary>
    public static ServeOptions BindServe(ParseResult line)
    {
        var images = line.GetValue(ImagesDir) ?? ".";
        return new ServeOptions
        {
            ImagesDirectory = images,
            WorkDirectory = line.GetValue(WorkDir) ?? images,
            PrevImagesDirectory = line.GetValue(PrevImagesDir),
            Address = line.GetValue(Address) ?? "127.0.0.1",
            Port = line.GetValue(Port) ?? 0,
            Socket = line.GetValue(PsSocket),
            Rounds = line.GetValue(Forever) ? int.MaxValue : line.GetValue(Rounds),
            AutoDedup = line.GetValue(AutoDedup),
            Timeout = TimeoutOf(line),
            Tls = BindTls(line),
            Daemon = line.GetValue(Daemon),
            IsDaemon = line.GetValue(IsDaemon),
            PidFile = line.GetValue(PidFile),
            StatusFd = line.GetValue(StatusFd),
            Json = line.GetValue(Json),
            Quiet = line.GetValue(Quiet),
            LogFile = line.GetValue(LogFile),
            Verbosity = line.GetValue(Verbosity) ?? 2,
        };
    }

    /// <summary>What the parser itself can't demand of it.</summary>
    public static void ValidateServe(CommandResult line)
    {
        bool numbered = line.GetResult(Rounds) is not null || line.GetResult(Forever) is not null;
        if ((line.GetResult(Rounds) is not null && line.GetResult(Forever) is not null) || (numbered && line.GetResult(Once) is not null))
            line.AddError("--once, --rounds and --forever: only one of them can be");
        if (numbered && line.GetResult(PrevImagesDir) is not null)
            line.AddError("--prev-images-dir is for one round: with --rounds and --forever each round's parent is found among those before");
        if (numbered && line.GetResult(PsSocket) is not null)
            line.AddError("--ps-socket is one connection, and so one round: leave --rounds and --forever out");
        if (line.GetResult(PsSocket) is not null && (line.GetResult(Address) ?? line.GetResult(Port)) is { } other)
            line.AddError($"{other.Option.Name} is to listen, and --ps-socket is connected already: only one of them can be");
    }

    /// <summary>What the parser itself can't demand.</summary>
    public static void Validate(CommandResult line)
    {
        if (line.GetResult(Tree) is null)
            line.AddError("--tree PID is missing: which process is to be pre-dumped?");
        if (line.GetResult(PageServer) is not null && line.GetResult(PsSocket) is null && line.GetResult(Port)?.Tokens is not [{ Value: not "0" }])
            line.AddError("--page-server: --port PORT is missing (or --ps-socket FD)");
        if (line.GetResult(PageServer) is null && (line.GetResult(Address) ?? line.GetResult(Port) ?? line.GetResult(PsSocket)) is { } alone)
            line.AddError($"{alone.Option.Name} is for --page-server, which is missing");
        if (line.GetResult(PageServerProtocol)?.Tokens is [{ Value: not ("auto" or "24" or "32") } protocol])
            line.AddError($"--page-server-protocol {protocol.Value}: it is auto, 24 or 32");
        if (line.GetResult(ImageIoMode)?.Tokens is [{ Value: not ("buffered" or "writeback" or "direct") } io]) // writeback: CRIU's word
            line.AddError($"--image-io-mode {io.Value}: it is buffered (writeback) or direct");
        if (line.GetResult(PreDumpMode) is { } mode && mode.Tokens[0].Value is not ("read" or "splice"))
            line.AddError($"--pre-dump-mode {mode.Tokens[0].Value}: it is read or splice");
    }

    private static Option<bool> Flag(string name, string help, params string[] aliases) =>
        new(name, aliases) { Description = help, Arity = ArgumentArity.Zero };

    private static Option<string?> Text(string name, string value, string help, params string[] aliases) =>
        new(name, aliases) { Description = help, HelpName = value };

    private static Option<long?> Rate(string name, string value, string help) => new(name)
    {
        Description = help,
        HelpName = value,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            int unit = text.Length == 0 ? -1 : "KMG".IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal);
            if (long.TryParse(unit < 0 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                && number <= long.MaxValue >> 30 && number << (10 * (unit + 1)) is >= LeastRate and var rate)
                return rate;
            result.AddError($"{name} {text}: {value} is a number of bytes from 256K up, such as 300M");
            return null;
        },
    };

    private static Option<int?> Number(string name, string value, string help, int least, int most, params string[] aliases) => new(name, aliases)
    {
        Description = help,
        HelpName = value,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most)
                return number;
            result.AddError($"{name} {text}: {value} is a number" + (most == int.MaxValue ? $" from {least} up" : $" from {least} to {most}"));
            return null;
        },
    };
}
