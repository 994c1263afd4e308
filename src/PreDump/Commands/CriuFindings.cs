using PreDump.Core;
using PreDump.Criu;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Commands;

/// <summary>Which criu a container engine would find that is started with our environment, and what is behind it.</summary>
internal static class CriuFindings
{
    private const string VersionLine = "Version: ";

    /// <summary>Whether the criu that PATH gives is predump.</summary>
    public static Finding InPath()
    {
        var first = RealCriu.InPath(OwnText.Variable("PATH")).Select(program => (ProgramFile?)program).FirstOrDefault();
        bool isOurs = first?.IsOurs == true;
        return new("criu in PATH", isOurs, false, first is null
            ? "there is none: container engines started with this environment find neither criu nor predump"
            : isOurs ? $"{first.Value.Path} is predump: container engines started with this environment pre-dump with it"
            : $"{first.Value.Path} is not predump: container engines started with this environment pre-dump without it");
    }

    /// <summary>The criu that makes the final dump, and its version.</summary>
    public static Finding Real()
    {
        try
        {
            string criu = RealCriu.Find();
            var lines = OtherProgram.TryOutput([criu, "--version"])?.Split('\n') ?? [];
            string? version = Array.Find(lines, line => line.StartsWith(VersionLine, StringComparison.Ordinal));
            return new("criu", version is not null, false, version is null
                ? $"{criu} --version does not name a version: it can't be run, or it is no criu"
                : $"{criu}, version {version[VersionLine.Length..]}: it makes the final dump, and restores");
        }
        catch (Exception e) when (Failure.TryExplain(e) is { } reason)
        {
            return new("criu", false, false, reason);
        }
    }
}
