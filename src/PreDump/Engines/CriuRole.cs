using System.Globalization;
using PreDump.Core;
using PreDump.Criu;
using PreDump.Linux;

namespace PreDump.Engines;

/// <summary>predump under the name criu, as container engines call it: the pre-dumps are its own, and for all else it becomes the
/// real criu, as if that had been called.
/// <code>
///   criu pre-dump …            a round
///   criu swrk FD               requests over a socket (<see cref="RequestLoop"/>)
///   criu dump …                the final dump (<see cref="FinalDumpCall"/>)
///   anything else              the real criu (<see cref="RealCriu"/>)
/// </code></summary>
internal static class CriuRole
{
    private const int NoSuchProgram = 127; // as a shell says it

    /// <summary>criu's command line, its name first, if it is criu that is asked for, by the program's name or by the first
    /// argument; else null.</summary>
    /// <param name="program">The name by which predump was called.</param>
    /// <param name="arguments">Its arguments.</param>
    public static IReadOnlyList<string>? CommandLine(string program, IReadOnlyList<string> arguments) =>
        Path.GetFileName(program) == "criu" ? [program, .. arguments]
        : arguments is ["criu", ..] ? arguments
        : null;

    /// <summary>Does what criu is asked for; returns the exit code, unless predump becomes the real criu. Nothing may have been
    /// set up before.</summary>
    /// <param name="commandLine">The name first.</param>
    public static int Run(IReadOnlyList<string> commandLine)
    {
        switch (commandLine)
        {
            case [_, "pre-dump", ..]:
                return EngineRound.RunCommandLine([.. commandLine.Skip(1)]);
            case [_, "swrk", var fd] when int.TryParse(fd, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && MessageSocket.Is(number):
                return new RequestLoop(new MessageSocket(number), commandLine).Run();
            case [_, "dump", ..]:
                return OrExplain(() => FinalDumpCall.ByCommandLine(commandLine));
            default:
                return OrExplain(() => RealCriu.Become(commandLine));
        }
    }

    private static int OrExplain(Action become)
    {
        try
        {
            become();
        }
        catch (Exception e) when (Failure.TryExplain(e) is { } reason)
        {
            Output.Message.Error(reason);
        }
        return NoSuchProgram;
    }
}
