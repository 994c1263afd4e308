using System.CommandLine.Parsing;

namespace PreDump.Cli;

/// <summary>Which options need one another, and which contradict one another.</summary>
internal static class OptionRules
{
    /// <summary>The rules of a pre-dump.</summary>
    public static void PreDump(CommandResult line)
    {
        bool byAddress = ConnectionOptions.PageServer.IsIn(line) && !ConnectionOptions.PsSocket.IsIn(line);
        if (!RoundOptions.Tree.IsIn(line))
            line.AddError("--tree PID is missing: which process is to be pre-dumped?");
        if (byAddress && line.GetResult(ConnectionOptions.Port)?.Tokens is not [{ Value: not "0" }])
            line.AddError("--page-server: --port PORT is missing (or --ps-socket FD)");
    }

    /// <summary>The rules of a page server.</summary>
    public static void PageServer(CommandResult line)
    {
        bool rounds = ConnectionOptions.Rounds.IsIn(line), forever = ConnectionOptions.Forever.IsIn(line);
        bool numbered = rounds || forever;
        if ((rounds && forever) || (numbered && ConnectionOptions.Once.IsIn(line)))
            line.AddError("--once, --rounds and --forever: give only one of them");
        if (numbered && RoundOptions.PrevImagesDir.IsIn(line))
            line.AddError("--prev-images-dir is for a single round: with --rounds and --forever each round finds its parent");
        if (numbered && ConnectionOptions.PsSocket.IsIn(line))
            line.AddError("--ps-socket is a single connection, and so a single round: leave --rounds and --forever out");
    }

    /// <summary>The rules of squash.</summary>
    public static void Squash(CommandResult line)
    {
        if (SquashOptions.Output.IsIn(line) == SquashOptions.InPlace.IsIn(line))
            line.AddError("-o DIR or --in-place: give one of them, which says where the images go");
    }

    /// <summary>The rules of show.</summary>
    public static void Show(CommandResult line)
    {
        if (ProcessOptions.Report.IsIn(line) && ProcessOptions.Json.IsIn(line))
            line.AddError("--report and --json: give only one of them");
    }
}
