using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Criu;

/// <summary>The administrator's settings for predump as criu. Engines hand on no environment, so there is only a file.</summary>
/// <param name="Path">The real criu; null: it is looked for.</param>
/// <param name="Prove">Whether final dumps upon predump's rounds are proved.</param>
internal sealed record CriuSettings(string? Path = null, bool Prove = true)
{
    /// <summary>The file; it need not exist.</summary>
    public const string File = "/etc/predump/criu.conf";

    /// <summary>Reads a file with lines such as "path /opt/criu/sbin/criu" and "prove-dumps no"; # starts a comment.</summary>
    /// <exception cref="PreDumpException">A line is not understood.</exception>
    /// <exception cref="LinuxException">The file can't be read.</exception>
    public static CriuSettings Read(string file = File)
    {
        var settings = new CriuSettings();
        if (!FileContent.Exists(file))
            return settings;
        int number = 0;
        foreach (string line in RawText.Decode(FileContent.Read(file)).Split('\n'))
            settings = settings.With(line, $"{file}, line {++number}");
        return settings;
    }

    private CriuSettings With(string line, string where) => SettingsLine.Words(line) switch
    {
        [] => this,
        ["path", ['/', ..] path] => this with { Path = path },
        ["prove-dumps", "yes"] => this with { Prove = true },
        ["prove-dumps", "no"] => this with { Prove = false },
        _ => throw new PreDumpException($"{where}: {line.Trim()} is not understood: \"path FILE\" names the real criu, "
            + "by an absolute path; \"prove-dumps no\" leaves final dumps as criu makes them"),
    };
}
