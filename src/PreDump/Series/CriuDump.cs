using System.Globalization;
using PreDump.Core;
using PreDump.Core.Series;
using PreDump.Host;
using PreDump.Images;
using PreDump.Linux;
using PreDump.Settings;
using static System.FormattableString;

namespace PreDump.Series;

/// <summary>The final dump, made by criu upon the last round, with predump as its action script. criu runs in a session of its
/// own, so that what ends predump does not end it: whatever happens, there is a running tree or a whole checkpoint.</summary>
/// <param name="criu">criu's path.</param>
/// <param name="settings">What is asked for.</param>
/// <param name="series">The rounds.</param>
internal sealed class CriuDump(string criu, SeriesSettings settings, RoundSeries series)
{
    private const string Log = "dump.log";
    private const int MostTries = 3;

    // What a restore wants to be told as the dump was.
    private static readonly string[] s_alsoForRestore = ["--shell-job", "-j", "--tcp-established", "--tcp-close", "--ext-unix-sk",
        "-x", "--file-locks", "-l", "--link-remap", "--evasive-devices"];

    /// <summary>Makes it.</summary>
    /// <param name="parent">The last round.</param>
    /// <param name="cancel">Ends it before criu is started.</param>
    /// <exception cref="PreDumpException">criu refuses: the tree runs on.</exception>
    public FinalFigures Run(int parent, CancellationToken cancel)
    {
        for (int tries = 1; ; tries++)
        {
            cancel.ThrowIfCancellationRequested();
            int number = series.Directory.Begin();
            string images = series.Directory.Of(number);
            int exitCode = OtherProgram.Run(CommandLine(images, parent), [], ownSession: true);
            if (exitCode == 0)
                return FiguresOf(images, parent);
            if (tries == MostTries || !CriuLog.MissesInParent(Path.Combine(images, Log)))
                throw new PreDumpException($"criu dump has ended with exit code {exitCode}, and the tree runs on: "
                    + $"{ReasonIn(images)}; the rounds up to {series.Directory.Of(parent)} are complete, and predump "
                    + "checkpoint can be called again");
            parent = series.Again(parent, cancel);
        }
    }

    private List<string> CommandLine(string images, int parent)
    {
        var round = settings.Round;
        List<string> words = [criu, "dump", "--tree", Invariant($"{round.Tree}"), "--images-dir", images, "--prev-images-dir",
            SeriesDirectory.Relative(parent), "--track-mem", "--log-file", Log, "--action-script", Environment.ProcessPath!];
        if (round.FreezeCgroup is { } cgroup)
            words.AddRange(["--freeze-cgroup", cgroup]);
        if (settings.LeaveRunning)
            words.Add("--leave-running");
        if (round.PageServer is { } server)
            words.AddRange(["--page-server", "--address", server.Address, "--port", Invariant($"{server.Port}")]);
        return [.. words, .. settings.CriuOptions];
    }

    private FinalFigures FiguresOf(string images, int parent)
    {
        using var directory = ImageDirectory.Open(images);
        var (proof, mended) = ProofIn(images);
        string restore = string.Join(' ',
            ["criu restore -D", images, .. settings.CriuOptions.Where(option => s_alsoForRestore.Contains(option))]);
        return new FinalFigures(images, series.Directory.Of(parent), StatsImage.Read(directory), proof, mended,
            settings.Round.PageServer is not null, restore);
    }

    // Its last line has the figures.
    private static (TimeSpan Time, ulong Mended) ProofIn(string images)
    {
        var words = TextOf(Path.Combine(images, ProofLog.Name)).TrimEnd().Split('\n')[^1].Split(' ');
        return (TimeSpan.FromMicroseconds(Figure("total_us=")), Figure("pages_mended="));

        ulong Figure(string name) => words.FirstOrDefault(word => word.StartsWith(name, StringComparison.Ordinal)) is { } word
            && ulong.TryParse(word[name.Length..], CultureInfo.InvariantCulture, out ulong figure) ? figure : 0;
    }

    // predump's own reason comes first: criu knows only that its script has failed.
    private static string ReasonIn(string images)
    {
        const string Failed = "error: ";
        var proof = TextOf(Path.Combine(images, ProofLog.Name)).Split('\n')
            .FirstOrDefault(line => line.StartsWith(Failed, StringComparison.Ordinal));
        return proof?[Failed.Length..] ?? CriuLog.FirstError(Path.Combine(images, Log));
    }

    private static string TextOf(string path)
    {
        try
        {
            return RawText.Decode(FileContent.Read(path));
        }
        catch (LinuxException)
        {
            return "";
        }
    }
}
