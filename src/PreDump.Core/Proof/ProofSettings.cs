using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>What a final dump's proof is to do.</summary>
/// <param name="Whole">Compare all pages that are left to parents, not only those whose frame has changed.</param>
/// <param name="Mend">Put wrong pages right; otherwise they fail the dump.</param>
public sealed record ProofSettings(bool Whole = false, bool Mend = true)
{
    /// <summary>Where an administrator may set them.</summary>
    public const string File = "/etc/predump/action-script.conf";

    private const string Prove = "PREDUMP_PROVE", MendWrong = "PREDUMP_MEND";

    /// <summary>Those of the file, if there is one, and above them those of the environment.</summary>
    /// <param name="file">Lines "prove whole" and "mend no"; # begins a comment.</param>
    /// <param name="environment">The value of a variable; null: not set.</param>
    /// <exception cref="PreDumpException">One can't be understood: what was meant is not guessed.</exception>
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

    private ProofSettings With(string line, string where)
    {
        int comment = line.IndexOf('#', StringComparison.Ordinal);
        var words = (comment < 0 ? line : line[..comment]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            [] => this,
            [var name, var value] => With(name, value, where),
            _ => throw new PreDumpException($"{where}: one setting and its value are wanted, such as \"prove whole\", not \"{line.Trim()}\""),
        };
    }

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
