using PreDump.Cli;
using PreDump.Criu;
using PreDump.Images;
using PreDump.Images.Rpc;
using PreDump.Linux;

namespace PreDump.Engines;

/// <summary>Which final dumps predump proves in passing: those whose images and parent are here, where the parent is a round of
/// predump's with a frame ledger. That costs some 10 ms a GiB. All others are criu's alone.</summary>
internal static class ProvableDump
{
    private const string Script = "action-script";

    // With these the pages are not in the images.
    private static readonly string[] s_elsewhere = ["page-server", "lazy-pages"];

    /// <summary>Whether a request is for one.</summary>
    /// <param name="request">The request.</param>
    /// <param name="images">The directory of its images.</param>
    public static bool Is(criu_req request, DirectoryFd images)
    {
        var options = request.Opts;
        if (request.KeepOpen || options is not { HasPid: true, Pid: > 0, Ps: null, LazyPages: false, HasPidfdStoreSk: false })
            return false;
        var (usual, last) = (Usual(), Last(options));
        return ParentOf(options) is { } parent && !last.Contains("images-dir")
            && !s_elsewhere.Any(name => usual.Contains(name) || last.Contains(name))
            && (options.NotifyScripts || !(usual.Contains(Script) || last.Contains(Script))) // criu takes either
            && IsRound(images, parent) && Settings();
    }

    /// <summary>The parent that a request names, or a configuration file; null: none.</summary>
    /// <param name="options">The request's options.</param>
    public static string? ParentOf(criu_opts options) => Parent(Last(options))
        ?? (RequestWords.Text(options.ParentImg) is { Length: > 0 } asked ? asked : Parent(Usual()));

    /// <summary>Whether `criu dump` is one.</summary>
    /// <param name="words">What follows dump.</param>
    public static bool Is(IReadOnlyList<string> words)
    {
        try
        {
            var line = new Getopt(words).Options;
            var options = ConfigFiles.Options(line).Concat(line).ToLookup(option => option.Name);
            if (s_elsewhere.Any(options.Contains) || Parent(options) is not { } parent)
                return false;
            using var images = DirectoryFd.TryOpen(options["images-dir"].LastOrDefault()?.Value ?? ".", out _);
            return images is not null && IsRound(images, parent) && Settings();
        }
        catch (Exception e) when (e is KnownFailureException or LinuxException)
        {
            return false; // criu says what is wrong
        }
    }

    private static bool IsRound(DirectoryFd images, string parent)
    {
        using var round = images.TryOpenDirectory(parent, out _);
        return round?.Has(ImageNames.Frames) == true;
    }

    private static bool Settings() => CriuSettings.Read().Prove;

    // The request is above the usual files, and below the one that it names.
    private static ILookup<string, GivenOption> Usual() => ConfigFiles.Options([]).ToLookup(option => option.Name);

    private static ILookup<string, GivenOption> Last(criu_opts options) =>
        ConfigFiles.IfExists(RequestWords.ConfigFile(options)).ToLookup(option => option.Name);

    private static string? Parent(ILookup<string, GivenOption> options) => options["prev-images-dir"].LastOrDefault()?.Value;
}
