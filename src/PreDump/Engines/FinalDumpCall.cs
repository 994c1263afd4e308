using PreDump.Criu;
using PreDump.Linux;

namespace PreDump.Engines;

/// <summary>The final dump, which the real criu makes.</summary>
internal static class FinalDumpCall
{
    /// <summary>criu dump, by command line; does not return.</summary>
    /// <param name="commandLine">The name first.</param>
    /// <exception cref="Core.PreDumpException">There is no real criu.</exception>
    public static void ByCommandLine(IReadOnlyList<string> commandLine) => RealCriu.Become(commandLine);

    /// <summary>A DUMP request, which has not been taken from the socket yet; does not return.</summary>
    /// <param name="engine">The socket.</param>
    /// <param name="request">The request.</param>
    /// <param name="commandLine">criu's, the name first.</param>
    /// <exception cref="Core.PreDumpException">There is no real criu.</exception>
    public static void ByRequest(MessageSocket engine, Images.Rpc.criu_req request, IReadOnlyList<string> commandLine) =>
        RealCriu.Become(commandLine);
}
