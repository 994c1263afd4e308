using System.Text;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Engines;

/// <summary>The log file that an engine looks into, begun before the command line is judged: even what is wrong with that stands
/// there then.</summary>
internal sealed class EngineLog : IDisposable
{
    private readonly Fd? _file;

    private EngineLog(Fd? file) => _file = file;

    /// <summary>Creates the file that a command line names, or truncates it. Where that fails, the round fails too, and says
    /// why.</summary>
    /// <param name="words">The command line, which need not make sense.</param>
    public static EngineLog Begin(IReadOnlyList<string> words)
    {
        try
        {
            var file = PathIn(words) is { } path ? LogFile.Open(path) : null;
            file?.AppendAlways(); // the round's own log begins the file once more
            return new EngineLog(file);
        }
        catch (LinuxException)
        {
            return new EngineLog(null);
        }
    }

    /// <summary>Goes on at the end of the file that a command line names, if it exists.</summary>
    /// <param name="words">The command line.</param>
    public static EngineLog GoOn(IReadOnlyList<string> words) =>
        new(PathIn(words) is { } path ? LogFile.TryOpenAgain(path) : null);

    /// <summary>Writes the line of a failure.</summary>
    public void Fail(string reason)
    {
        try
        {
            _file?.Write(Encoding.UTF8.GetBytes($"Error (predump): {OneLine.Of(reason)}\n"));
        }
        catch (LinuxException)
        {
            // A full disk: standard error and the answer say it, too.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    // Null for standard error and the like.
    private static string? PathIn(IReadOnlyList<string> words)
    {
        if (ValueOf(words, "-o", "--log-file") is not { } name || name == "-" || LogFile.DescriptorIn(name) is not null)
            return null;
        return Path.Combine(ValueOf(words, "-W", "--work-dir") ?? ValueOf(words, "-D", "--images-dir") ?? ".", name);
    }

    // The last one counts.
    private static string? ValueOf(IReadOnlyList<string> words, string letter, string name)
    {
        string? value = null;
        for (int i = 0; i < words.Count; i++)
            if ((words[i] == letter || words[i] == name) && i + 1 < words.Count)
                value = words[++i];
            else if (words[i].StartsWith(name + "=", StringComparison.Ordinal))
                value = words[i][(name.Length + 1)..];
            else if (words[i].StartsWith(letter, StringComparison.Ordinal) && words[i].Length > letter.Length)
                value = words[i][letter.Length..];
        return value;
    }
}
