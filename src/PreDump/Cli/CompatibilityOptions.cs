namespace PreDump.Cli;

/// <summary>Options of criu pre-dump that make no difference, accepted so that its command lines work.</summary>
internal static class CompatibilityOptions
{
    public static readonly TableOption<bool> TrackMem = new("--track-mem")
    {
        HasNoEffect = true,
        Help = { [Takers.PreDump] = "Accepted for compatibility: predump always tracks changed memory." },
    };

    public static readonly TableOption<bool> LeaveRunning = new("--leave-running", "-R")
    {
        HasNoEffect = true,
        Help =
        {
            [Takers.PreDump | Takers.Rounds] = "Accepted for compatibility: the tree always runs on.",
            [Takers.Checkpoint] = "Leave the tree running after the dump.",
        },
    };

    public static readonly TableOption<bool> ShellJob = new("--shell-job", "-j")
    {
        HasNoEffect = true,
        Help = { [Takers.PreDump] = "Accepted for compatibility: it makes no difference to a pre-dump." },
    };

    public static readonly TableOption<string?> PreDumpMode = new TableOption<string?>("--pre-dump-mode")
    {
        Argument = "read|splice",
        HasNoEffect = true,
        Help = { [Takers.PreDump] = "Accepted for compatibility: predump always reads." },
    }.Choice();
}
