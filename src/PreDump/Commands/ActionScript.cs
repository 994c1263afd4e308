using System.Globalization;
using PreDump.Core.Proof;
using PreDump.Host;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Commands;

/// <summary>predump as criu's action script (criu dump --action-script /usr/bin/predump): criu calls it without arguments, says
/// in the environment what has happened, and at post-dump waits for it while the tree is still frozen. All the time it takes is
/// downtime.</summary>
internal static class ActionScript
{
    private const string Variable = "CRTOOLS_SCRIPT_ACTION", Images = "CRTOOLS_IMAGE_DIR", Root = "CRTOOLS_INIT_PID";

    /// <summary>The action that criu names; null if it is not criu that has called us.</summary>
    public static string? Action => Read(Variable);

    /// <summary>Does what the action needs; returns the exit code. Any code but 0 makes criu let the tree live, and so
    /// does a signal that ends us.</summary>
    public static int Run(string action)
    {
        if (action != "post-dump")
            return ExitCode.Done;
        OwnProcess.AvoidOomKiller();
        OwnProcess.Prepare();
        if (Read(Images) is not { } images
            || !int.TryParse(Read(Root), NumberStyles.None, CultureInfo.InvariantCulture, out int root))
        {
            Message.Error($"{Variable} is {action}, but {Images} and {Root} don't name images and a tree: only criu sets them");
            return ExitCode.Failed;
        }
        using var log = ProofLog.Open(".");
        bool proved = FinalDump.Prove(images, root,
            () => ProofSettings.Read(ProofSettings.File, Environment.GetEnvironmentVariable), log, new ProofFigures());
        return proved ? ExitCode.Done : ExitCode.Failed;
    }

    private static string? Read(string variable) =>
        OwnText.Variable(variable) is { Length: > 0 } value ? value : null;
}
