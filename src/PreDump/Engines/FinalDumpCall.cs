using PreDump.Criu;
using PreDump.Images.Rpc;
using PreDump.Linux;

namespace PreDump.Engines;

/// <summary>The final dump, which the real criu makes; predump proves it in passing where it can
/// (<see cref="ProvableDump"/>).</summary>
internal static class FinalDumpCall
{
    /// <summary>criu dump, by command line: predump is one more action script of it. Does not return.</summary>
    /// <param name="commandLine">The name first.</param>
    /// <exception cref="Core.PreDumpException">There is no real criu.</exception>
    public static void ByCommandLine(IReadOnlyList<string> commandLine)
    {
        string[] words = [.. commandLine.Skip(2)];
        if (Environment.ProcessPath is { } predump && ProvableDump.Is(words))
            commandLine = [.. commandLine.Take(2), "--action-script", predump, .. words];
        RealCriu.Become(commandLine);
    }

    /// <summary>A DUMP request, which has not been taken from the socket yet; returns the exit code, unless predump becomes the
    /// real criu.</summary>
    /// <param name="engine">The socket.</param>
    /// <param name="request">The request.</param>
    /// <param name="commandLine">criu's, the name first.</param>
    /// <exception cref="Core.PreDumpException">There is no real criu.</exception>
    public static int ByRequest(MessageSocket engine, criu_req request, IReadOnlyList<string> commandLine)
    {
        using var descriptors = new EngineDescriptors(engine.PeerPid);
        if (ImagesToProve(request, descriptors) is not { } images)
        {
            RealCriu.Become(commandLine);
            return ExitCode.Failed;
        }
        _ = RealCriu.Find(); // or there is none: said while the request can still be refused
        engine.Take();
        return new ProvedDump(engine, request, descriptors, images).Run(commandLine[0]);
    }

    // The directory of the images; null: the dump is criu's alone.
    private static DirectoryFd? ImagesToProve(criu_req request, EngineDescriptors descriptors)
    {
        if (request.Opts is not { } options)
            return null;
        try
        {
            var images = options.ImagesDirFd >= 0 ? descriptors.OpenDirectory(options.ImagesDirFd, "images directory")
                : descriptors.OpenDirectory(RequestWords.Text(options.ImagesDir));
            return ProvableDump.Is(request, images) ? images : null;
        }
        catch (Exception e) when (e is KnownFailureException or LinuxException)
        {
            return null; // criu says what is wrong
        }
    }
}
