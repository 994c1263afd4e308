namespace PreDump.Cli;

/// <summary>The names of the commands.</summary>
internal static class CommandNames
{
    /// <summary>The command of a name; null: there is none.</summary>
    public static Takers? TakerOf(string name) => name switch
    {
        "pre-dump" => Takers.PreDump,
        "page-server" => Takers.PageServer,
        "verify" => Takers.Verify,
        "show" => Takers.Show,
        "dedup" => Takers.Dedup,
        "squash" => Takers.Squash,
        "check" => Takers.Check,
        "rounds" => Takers.Rounds,
        "checkpoint" => Takers.Checkpoint,
        _ => null,
    };
}
