using System.Globalization;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Criu;

/// <summary>The criu that predump stands in front of where it is called criu:
/// <code>
///   /etc/predump/criu.conf, path FILE     that one, or none
///   each criu in PATH                     the first that is not predump itself
///   /usr/sbin/criu.distrib, …             the same
/// </code></summary>
internal static class RealCriu
{
    // What leads back to predump, such as a script named criu, would do so forever.
    private const string Hops = "PREDUMP_CRIU_HOPS";
    private const int MostHops = 8;

    private static readonly string[] s_places =
        ["/usr/sbin/criu.distrib", "/usr/sbin/criu", "/usr/bin/criu", "/usr/local/sbin/criu"];

    /// <summary>Its path.</summary>
    /// <exception cref="PreDumpException">There is none, or the settings are wrong.</exception>
    /// <exception cref="LinuxException">The settings can't be read.</exception>
    public static string Find()
    {
        if (CriuSettings.Read().Path is { } path)
            return ProgramFile.At(path) is { IsOurs: false } ? path : throw new PreDumpException(
                $"{CriuSettings.File} names {path} as the real criu, which is no program other than predump: mend that line");
        return Find(OwnText.Variable("PATH"), s_places) ?? throw new PreDumpException("there is no criu behind predump, neither "
            + $"in PATH nor as {string.Join(", ", s_places)}: install criu, or name it in {CriuSettings.File} (path FILE)");
    }

    /// <summary>The criu in the directories of a PATH, and else of some places, that is not predump; null: none.</summary>
    internal static string? Find(string? path, IReadOnlyList<string> places) =>
        InPath(path).Concat(places.Select(ProgramFile.At).OfType<ProgramFile>())
            .Where(program => !program.IsOurs).Select(program => program.Path).FirstOrDefault();

    /// <summary>Each program named criu in the directories of a PATH, in its order. Relative directories are left out, as
    /// Go's programs do.</summary>
    public static IEnumerable<ProgramFile> InPath(string? path) =>
        (path ?? "").Split(':').Where(Path.IsPathRooted)
            .Select(directory => ProgramFile.At(Path.Combine(directory, "criu"))).OfType<ProgramFile>();

    /// <summary>Becomes the real criu, with a command line; does not return.</summary>
    /// <param name="commandLine">The program's name first.</param>
    /// <param name="ignorePipe">Whether it is to ignore SIGPIPE; null: as we were started.</param>
    /// <exception cref="PreDumpException">There is none, it leads back to predump, or it can't be executed.</exception>
    /// <exception cref="LinuxException">The settings can't be read.</exception>
    public static void Become(IReadOnlyList<string> commandLine, bool? ignorePipe = null)
    {
        string criu = Find();
        _ = int.TryParse(OwnText.Variable(Hops), NumberStyles.None, CultureInfo.InvariantCulture, out int hops);
        if (hops >= MostHops)
            throw new PreDumpException($"{criu} leads back to predump: name the real criu in {CriuSettings.File} (path FILE)");
        var reason = OtherProgram.Execute(criu, commandLine, $"{Hops}={hops + 1}", ignorePipe).Message;
        throw new PreDumpException($"the real criu can't be executed: {reason}");
    }
}
