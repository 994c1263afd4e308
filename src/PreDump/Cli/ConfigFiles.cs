using System.Text;
using PreDump.Core;

namespace PreDump.Cli;

/// <summary>CRIU's configuration files (criu(8)): a line is an option without its dashes, a blank, and its value; # begins a
/// comment, and double quotes protect blanks. They are read in this order: /etc/criu/default.conf, $HOME/.criu/default.conf,
/// $CRIU_CONFIG_FILE, --config. With --config or --no-default-config the first two are not read.</summary>
internal static class ConfigFiles
{
    /// <summary>Removes --config and --no-default-config from a command line.</summary>
    /// <param name="commandLine">As the shell gave it.</param>
    /// <param name="files">The files to read, in order.</param>
    public static List<string> TakeOptions(IReadOnlyList<string> commandLine, out List<string> files)
    {
        var rest = new List<string>();
        string name = ProcessOptions.Config.Name;
        string? config = null;
        bool defaults = true;
        for (int i = 0; i < commandLine.Count; i++)
        {
            var token = commandLine[i];
            if (token == ProcessOptions.NoDefaultConfig.Name)
                defaults = false;
            else if (token.StartsWith(name + "=", StringComparison.Ordinal))
                config = token[(name.Length + 1)..];
            else if (token == name && i + 1 < commandLine.Count)
                config = commandLine[++i];
            else
                rest.Add(token);
        }
        files = [];
        if (defaults && config is null)
        {
            files.Add("/etc/criu/default.conf");
            if (Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home)
                files.Add(Path.Combine(home, ".criu/default.conf"));
            files.RemoveAll(file => !File.Exists(file));
        }
        if (Environment.GetEnvironmentVariable("CRIU_CONFIG_FILE") is { Length: > 0 } named)
            files.Add(named);
        if (config is not null)
            files.Add(config);
        return rest;
    }

    /// <summary>A file's options as a command line.</summary>
    /// <exception cref="PreDumpException">It can't be read, or a quotation mark is missing.</exception>
    public static List<string> Read(string file)
    {
        try
        {
            return Parse(File.ReadAllLines(file), file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PreDumpException($"configuration file {file} can't be read: {e.Message}");
        }
    }

    /// <summary>The options of a file's lines.</summary>
    internal static List<string> Parse(IEnumerable<string> lines, string file)
    {
        var tokens = new List<string>();
        int number = 0;
        foreach (var line in lines)
        {
            number++;
            var words = Words(line) ?? throw new PreDumpException($"{file}, line {number}: a quotation mark is missing");
            if (words.Count == 0)
                continue;
            tokens.Add(words[0].StartsWith('-') ? words[0] : "--" + words[0]);
            tokens.AddRange(words.Skip(1));
        }
        return tokens;
    }

    private static List<string>? Words(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        bool quoted = false, inWord = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (quoted && c == '\\' && i + 1 < line.Length && line[i + 1] == '"')
                word.Append(line[++i]);
            else if (c == '"')
                (quoted, inWord) = (!quoted, true);
            else if (!quoted && c == '#')
                break;
            else if (!quoted && char.IsWhiteSpace(c))
                EndWord();
            else
            {
                word.Append(c);
                inWord = true;
            }
        }
        EndWord();
        return quoted ? null : words;

        void EndWord()
        {
            if (inWord)
                words.Add(word.ToString());
            word.Clear();
            inWord = false;
        }
    }
}
