using PreDump.Core.Maintenance;
using PreDump.Host;
using PreDump.Output;

namespace PreDump.Commands;

/// <summary>`predump squash DIR`: makes one directory without a parent of the chain that ends in DIR.</summary>
internal static class SquashCommand
{
    /// <summary>Runs it; returns the exit code.</summary>
    /// <param name="directory">The last round, or the final dump.</param>
    /// <param name="output">The new directory; null: it replaces the last round.</param>
    /// <param name="json">Print one JSON object instead of lines.</param>
    public static int Run(string directory, string? output, bool json)
    {
        using var signals = new Signals($"what was written may be left beside {output ?? directory}");
        using var images = Images.Open(directory);
        try
        {
            var result = Squash.Run(images, output, new MessageObserver(), signals.Cancel);
            if (json)
                SquashJson.Print(result);
            else
                SquashText.Print(result);
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            var signal = signals.Received!.Value;
            Message.Error($"ended by {signal}: what was written is removed, the chain is as it was");
            return ExitCode.OfSignal(signal.Number());
        }
    }
}
