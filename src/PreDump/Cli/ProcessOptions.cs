namespace PreDump.Cli;

/// <summary>What is printed and logged, and what the process that runs has to do with others.</summary>
internal static class ProcessOptions
{
    public static readonly TableOption<bool> Daemon = new("--daemon", "-d")
    {
        Help = { [Takers.PageServer] = "Go to the background once the server listens." },
    };

    public static readonly TableOption<string?> WorkDir = new("--work-dir", "-W")
    {
        Argument = "DIR",
        DefaultText = { [Takers.PreDump | Takers.PageServer] = "the images directory" },
        Help =
        {
            [Takers.PreDump] = "Where stats-dump and the log go.",
            [Takers.PageServer] = "Where the log and the pid file go.",
        },
    };

    public static readonly TableOption<string?> LogFile = new("--log-file", "-o")
    {
        Argument = "FILE",
        DefaultText = { [Takers.AnyRound | Takers.PageServer] = "standard error" },
        Help = { [Takers.AnyRound | Takers.PageServer] = "Log to this file in the work directory; - is standard output." },
        Details = "A file has mode 0600. /dev/stdout, /dev/stderr, /dev/fd/N and a FIFO are written to as they are, and a "
            + "symbolic link is followed if no other user can have made it. Warnings and errors are on standard error all the "
            + "same.",
    };

    public static readonly TableOption<int?> Verbosity = new TableOption<int?>("--verbosity")
    {
        Argument = "N",
        Written = "-v, -vv, -v4, --verbosity=4",
        Default = 2,
        Help =
        {
            [Takers.AnyRound | Takers.PageServer] = "1 errors, 2 warnings, 3 information, 4 debug; -v, -vv and -v4 work too.",
        },
        Details = "Each v is one level more. As in criu(8), the level is not a word of its own.",
    }.Number(most: 10);

    public static readonly TableOption<bool> DisplayStats = new("--display-stats")
    {
        Help = { [Takers.PreDump] = "Print the figures that criu --display-stats prints." },
    };

    public static readonly TableOption<bool> Json = new("--json")
    {
        Help =
        {
            [Takers.PreDump] = "Print the summary as one JSON object on standard output.",
            [Takers.Series] = "Print each round, and how the series ended, as one JSON object, on a line of its own.",
            [Takers.PageServer] = "Print each event as one JSON object, on a line of its own.",
            [Takers.Verify | Takers.Show | Takers.Squash | Takers.Check] = "Print one JSON object.",
        },
    };

    public static readonly TableOption<string?> Report = new("--report")
    {
        Argument = "FILE",
        Help =
        {
            [Takers.Show] = "Write an HTML page about the rounds in DIR, or the chain that it ends; - is standard output.",
            [Takers.Series] = "At the end, write an HTML page about the series.",
        },
    };

    public static readonly TableOption<bool> Quiet = new("--quiet", "-q")
    {
        Help = { [Takers.AnyRound | Takers.PageServer] = "Print errors only: no progress, no summary, no warnings." },
    };

    public static readonly TableOption<string?> PidFile = new("--pidfile")
    {
        Argument = "FILE",
        Help =
        {
            [Takers.PageServer] = "Write the pid of the server to this file in the work directory.",
        },
    };

    public static readonly TableOption<int?> StatusFd = new TableOption<int?>("--status-fd")
    {
        Argument = "FD",
        Help =
        {
            [Takers.PreDump] = "Write a zero byte to this descriptor, and close it, once the tree runs again.",
            [Takers.PageServer] = "Write a zero byte to this descriptor, and close it, once the server listens.",
        },
    }.Number();

    public static readonly TableOption<string?> Config = new("--config")
    {
        Argument = "FILE",
        Help = { [Takers.AnyRound | Takers.PageServer] = "Read this configuration file instead of criu's default ones." },
    };

    public static readonly TableOption<bool> NoDefaultConfig = new("--no-default-config")
    {
        Help = { [Takers.AnyRound | Takers.PageServer] = "Don't read criu's default configuration files." },
    };
}
