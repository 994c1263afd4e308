using System.CommandLine.Parsing;

namespace PreDump.Cli;

/// <summary>Which options need one another, and which contradict one another.</summary>
internal static class OptionRules
{
    /// <summary>The rules of a pre-dump.</summary>
    public static void PreDump(CommandResult line)
    {
        RefuseConfig(line);
        bool byAddress = ConnectionOptions.PageServer.IsIn(line) && !ConnectionOptions.PsSocket.IsIn(line);
        if (!RoundOptions.Tree.IsIn(line))
            line.AddError("--tree PID is missing: which process is to be pre-dumped?");
        if (byAddress && line.GetResult(ConnectionOptions.Port)?.Tokens is not [{ Value: not "0" }])
            line.AddError("--page-server: --port PORT is missing (or --ps-socket FD)");
        if (!ConnectionOptions.PageServer.IsIn(line) && Connection(line) is { } alone)
            line.AddError($"{alone.Name} is for --page-server, which is missing");
    }

    /// <summary>The rules of a page server.</summary>
    public static void PageServer(CommandResult line)
    {
        RefuseConfig(line);
        bool rounds = ConnectionOptions.Rounds.IsIn(line), forever = ConnectionOptions.Forever.IsIn(line);
        bool numbered = rounds || forever;
        if ((rounds && forever) || (numbered && ConnectionOptions.Once.IsIn(line)))
            line.AddError("--once, --rounds and --forever: give only one of them");
        if (numbered && RoundOptions.PrevImagesDir.IsIn(line))
            line.AddError("--prev-images-dir is for a single round: with --rounds and --forever each round finds its parent");
        if (!ConnectionOptions.PsSocket.IsIn(line))
            return;
        if (numbered)
            line.AddError("--ps-socket is a single connection, and so a single round: leave --rounds and --forever out");
        if (Connection(line) is { } other && other != ConnectionOptions.PsSocket)
            line.AddError($"{other.Name} says where to listen, but --ps-socket is connected already: give only one of them");
    }

    // On the command line itself they are read before all others.
    private static void RefuseConfig(CommandResult line)
    {
        if (ProcessOptions.Config.IsIn(line) || ProcessOptions.NoDefaultConfig.IsIn(line))
            line.AddError("--config and --no-default-config can't be given in a configuration file");
    }

    // The first one that says where the other side is.
    private static ITableOption? Connection(CommandResult line) =>
        ConnectionOptions.Address.IsIn(line) ? ConnectionOptions.Address
        : ConnectionOptions.Port.IsIn(line) ? ConnectionOptions.Port
        : ConnectionOptions.PsSocket.IsIn(line) ? ConnectionOptions.PsSocket
        : null;
}
