using PreDump.Settings;

namespace PreDump.Cli;

/// <summary>The options for criu's final dump that stand behind --, and before them those of criu's configuration files. predump
/// takes them apart, because criu can't be left to read them where predump asks for the dump by request: before version 3.19 it
/// takes either requests or action scripts, and the level of its log is always the request's.</summary>
internal static class PassedOptions
{
    // predump says these itself, or could not find the dump then.
    private static readonly string[] s_own = ["tree", "images-dir", "work-dir", "log-file", "prev-images-dir"];

    // predump has them itself, for the rounds as well.
    private static readonly string[] s_forRounds =
        ["page-server", "address", "port", "ps-socket",
            "tls", "tls-cacert", "tls-cacrl", "tls-cert", "tls-key", "tls-no-cn-verify"];

    // There would be no dump, or one without its pages.
    private static readonly string[] s_noDump = ["help", "version", "lazy-pages", "stream", "exec-cmd", "feature"];

    // What a restore wants to be told as the dump was.
    private static readonly string[] s_forRestore =
        ["shell-job", "tcp-established", "tcp-close", "ext-unix-sk", "file-locks", "link-remap", "evasive-devices"];

    /// <summary>Takes them apart.</summary>
    /// <param name="words">What stands behind --.</param>
    /// <exception cref="UsageException">An option does not exist, or must not stand there.</exception>
    /// <exception cref="Core.PreDumpException">A configuration file can't be read.</exception>
    public static DumpOptions From(IReadOnlyList<string> words)
    {
        var line = new Getopt(words);
        if (line.Operands is [var operand, ..])
            throw new UsageException($"behind -- stand options for criu dump only, and {operand} is none");
        foreach (var option in line.Options)
            Refuse(option);
        List<GivenOption> all = [.. ConfigFiles.Options(line.Options).Where(option => WhyNot(option) is null), .. line.Options];
        all.RemoveAll(option => ConfigFiles.Choose(option.Name));
        int level = Verbosity.Default;
        foreach (var option in all.Where(IsVerbosity))
            level = Verbosity.After(level, option);
        return new DumpOptions(
            [.. all.Where(option => !IsVerbosity(option) && !IsScript(option)).Select(Word)],
            level,
            [.. all.Where(IsScript).Select(option => option.Value!).Reverse()], // criu runs the last one first
            [.. all.Where(option => s_forRestore.Contains(option.Name)).Select(Word).Distinct()]);
    }

    private static void Refuse(GivenOption option)
    {
        if (WhyNot(option) is { } why)
            throw new UsageException($"{option.Written} can't stand behind --: {why}");
        if (CriuOptions.KindOf(option.Name) is null)
            throw new UsageException($"{option.Written} is an option of predump's: give it before --");
    }

    private static string? WhyNot(GivenOption option) =>
        s_own.Contains(option.Name) ? "predump checkpoint itself says that to criu"
        : s_forRounds.Contains(option.Name) ? "give it before --, for the rounds and the dump alike"
        : s_noDump.Contains(option.Name) ? "there would be no complete dump"
        : option is { Name: "track-mem", IsRevoked: true } ? "a dump upon rounds needs the tracking"
        : null;

    private static bool IsVerbosity(GivenOption option) => option.Name == "verbosity";

    private static bool IsScript(GivenOption option) => option.Name == "action-script";

    private static string Word(GivenOption option) => option.IsRevoked ? $"--no-{option.Name}"
        : option.Value is null ? $"--{option.Name}"
        : $"--{option.Name}={option.Value}";
}
