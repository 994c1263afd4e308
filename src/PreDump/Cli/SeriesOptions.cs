namespace PreDump.Cli;

/// <summary>When a series of rounds ends, and what happens in between.</summary>
internal static class SeriesOptions
{
    public static readonly TableOption<int?> MaxDowntime = new TableOption<int?>("--max-downtime")
    {
        Argument = "MILLISECONDS",
        Default = 300,
        Help = { [Takers.Series] = "Make rounds until a final dump would stop the tree for no longer than this." },
        Details = "The stop is estimated after each round: what criu takes on this machine whatever was written, measured once "
            + "by dumping small programs, and the pages that were written since the round's freeze.",
    }.Number();

    public static readonly TableOption<int?> MaxRounds = new TableOption<int?>("--max-rounds")
    {
        Argument = "N",
        Default = 8,
        Help = { [Takers.Series] = "Make at most so many rounds." },
    }.Number(least: 1);

    public static readonly TableOption<int?> Interval = new TableOption<int?>("--interval")
    {
        Argument = "SECONDS",
        Default = 0,
        Help = { [Takers.Series] = "Wait so long between two rounds." },
    }.Number(most: 1_000_000);

    public static readonly TableOption<string?> AfterRound = new("--after-round")
    {
        Argument = "COMMAND",
        Help = { [Takers.Series] = "Run this command by the shell after each round; if it fails, the series ends." },
        Details = "Its environment has PREDUMP_ROUND (the number), PREDUMP_IMAGES_DIR, and PREDUMP_JSON, the line that --json "
            + "prints. Its output goes to standard error.",
    };
}
