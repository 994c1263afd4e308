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
        if (ConnectionOptions.PsSocket.IsIn(line))
            foreach (var option in new[] { ConnectionOptions.Streams, ConnectionOptions.Retry })
                if (option.IsIn(line))
                    line.AddError($"{option.Name}: with --ps-socket no one knows where to connect; give --address and --port");
        if (line.GetResult(RoundOptions.Track)?.Tokens is [{ Value: "content" }])
        {
            if (RoundOptions.NoCompare.IsIn(line))
                line.AddError("--no-compare: by content all pages are compared; leave it out, or track by soft-dirty");
            if (RoundOptions.TrustSoftDirty.IsIn(line))
                line.AddError("--trust-soft-dirty: by content soft-dirty is not asked; leave it out, or track by soft-dirty");
        }
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
        if (ConnectionOptions.ForwardTls.IsIn(line) && !ConnectionOptions.Forward.IsIn(line))
            line.AddError("--forward-tls: --forward ADDRESS:PORT is missing");
        if (ConnectionOptions.Forward.IsIn(line) && RoundOptions.AutoDedup.IsIn(line))
            line.AddError("--auto-dedup: with --forward the images are elsewhere; give it to the page server there");
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
