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
    /// <summary>Whether a request is for one.</summary>
    /// <param name="request">The request.</param>
    /// <param name="images">The directory of its images.</param>
    public static bool Is(criu_req request, DirectoryFd images)
    {
        var options = request.Opts;
        return !request.KeepOpen && options is { HasPid: true, Pid: > 0, Ps: null, LazyPages: false, HasPidfdStoreSk: false }
            && Parent(options) is { Length: > 0 } parent && IsRound(images, parent)
            && Settings() && (options.NotifyScripts || !HasScript(ConfigFiles.Options([]), RequestWords.ConfigFile(options)));
    }

    /// <summary>Whether `criu dump` is one.</summary>
    /// <param name="words">What follows dump.</param>
    public static bool Is(IReadOnlyList<string> words)
    {
        try
        {
            var line = new Getopt(words).Options;
            var options = ConfigFiles.Options(line).Concat(line).ToLookup(option => option.Name);
            if (options["page-server"].Any() || options["lazy-pages"].Any()
                || options["prev-images-dir"].LastOrDefault()?.Value is not { } parent)
                return false;
            using var images = DirectoryFd.TryOpen(options["images-dir"].LastOrDefault()?.Value ?? ".", out _);
            return images is not null && IsRound(images, parent) && Settings();
        }
        catch (Exception e) when (e is KnownFailureException or LinuxException)
        {
            return false; // criu says what is wrong
        }
    }

    // The configuration file has the last word, and by it engines that know no parents can be given one.
    private static string Parent(criu_opts options) =>
        ConfigFiles.IfExists(RequestWords.ConfigFile(options)).LastOrDefault(option => option.Name == "prev-images-dir")?.Value
        ?? RequestWords.Text(options.ParentImg);

    private static bool IsRound(DirectoryFd images, string parent)
    {
        using var round = images.TryOpenDirectory(parent, out _);
        return round?.Has(ImageNames.Frames) == true;
    }

    private static bool Settings() => CriuSettings.Read().Prove;

    // criu takes either scripts or notifications.
    private static bool HasScript(IEnumerable<GivenOption> options, string? lastFile) =>
        options.Concat(ConfigFiles.IfExists(lastFile)).Any(option => option.Name == "action-script");
}
