using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>The settings of a final dump's proof.</summary>
/// <param name="Whole">Whether all pages left to parents are compared, not only those whose frame has changed.</param>
/// <param name="Mend">Whether wrong pages are mended; otherwise they fail the dump.</param>
public sealed record ProofSettings(bool Whole = false, bool Mend = true)
{
    /// <summary>The file with an administrator's settings.</summary>
    public const string File = "/etc/predump/action-script.conf";

    private const string Prove = "PREDUMP_PROVE", MendWrong = "PREDUMP_MEND";

    /// <summary>Reads the settings from a file, if it exists, and from the environment, which takes precedence.</summary>
    /// <param name="file">A file with lines such as "prove whole" and "mend no"; # starts a comment.</param>
    /// <param name="environment">Returns the value of a variable; null if it is not set.</param>
    /// <exception cref="PreDumpException">A setting or its value is not known.</exception>
    public static ProofSettings Read(string file, Func<string, string?> environment)
    {
        var settings = new ProofSettings();
        if (Fd.TryOpenRegular(file) is { } open)
        {
            open.Dispose();
            int number = 0;
            foreach (string line in System.IO.File.ReadLines(file))
                settings = settings.With(line, $"{file}, line {++number}");
        }
        if (environment(Prove) is { } prove)
            settings = settings.With("prove", prove, Prove);
        if (environment(MendWrong) is { } mend)
            settings = settings.With("mend", mend, MendWrong);
        return settings;
    }

    private ProofSettings With(string line, string where) => SettingsLine.Words(line) switch
    {
        [] => this,
        [var name, var value] => With(name, value, where),
        _ => throw new PreDumpException(
            $"{where}: one setting and its value are wanted, such as \"prove whole\", not \"{line.Trim()}\""),
    };

    private ProofSettings With(string name, string value, string where) => (name, value) switch
    {
        ("prove", "changed") => this with { Whole = false },
        ("prove", "whole") => this with { Whole = true },
        ("mend", "yes") => this with { Mend = true },
        ("mend", "no") => this with { Mend = false },
        ("prove", _) => throw new PreDumpException($"{where}: \"{value}\" is none of: changed, whole"),
        ("mend", _) => throw new PreDumpException($"{where}: \"{value}\" is none of: yes, no"),
        _ => throw new PreDumpException($"{where}: there is no setting \"{name}\", only: prove, mend"),
    };
}
