using System.Globalization;
using PreDump.Core.Proof;
using PreDump.Host;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Commands;

/// <summary>predump as criu's action script (criu dump --action-script /usr/bin/predump): criu calls it without arguments, tells by the
/// environment what has happened, and at post-dump waits for it, with the tree still frozen. All the time it takes is downtime.</summary>
internal static class ActionScript
{
    private const string Variable = "CRTOOLS_SCRIPT_ACTION", Images = "CRTOOLS_IMAGE_DIR", Root = "CRTOOLS_INIT_PID";

    /// <summary>What criu tells; null where it is not criu that has called us.</summary>
    public static string? Action => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } action ? action : null;

    /// <summary>Does what is to be done then. Any exit code but 0 makes criu let the tree live on. (Not so a signal
    /// that ends us: criu takes WEXITSTATUS of what waitpid(2) gave, which is 0 then, and kills the tree.)</summary>
    public static int Run(string action)
    {
        if (action != "post-dump")
            return ExitCode.Done;
        OwnProcess.ExitOnDeadlySignals();
        OwnProcess.Prepare();
        if (Environment.GetEnvironmentVariable(Images) is not { Length: > 0 } images
            || !int.TryParse(Environment.GetEnvironmentVariable(Root), NumberStyles.None, CultureInfo.InvariantCulture, out int root))
        {
            Message.Error($"{Variable} is {action}, but {Images} and {Root} don't name images and a tree: only criu calls predump so");
            return ExitCode.Failed;
        }
        using var log = ProofLog.Open(".");
        return FinalDump.Prove(images, root, () => ProofSettings.Read(ProofSettings.File, Environment.GetEnvironmentVariable), log)
            ? ExitCode.Done : ExitCode.Failed;
    }
}
