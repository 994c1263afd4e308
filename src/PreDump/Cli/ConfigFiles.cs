using System.Text;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Cli;

/// <summary>CRIU's configuration files (criu(8)): a line is an option without its dashes, a blank, and its value; # begins a
/// comment, and double quotes protect blanks. They are read in this order: /etc/criu/default.conf, $HOME/.criu/default.conf,
/// $CRIU_CONFIG_FILE, --config. With --config or --no-default-config the first two are not read.</summary>
internal static class ConfigFiles
{
    /// <summary>The options of all the files that a command line and the environment ask for.</summary>
    /// <exception cref="PreDumpException">A file can't be read.</exception>
    /// <exception cref="UsageException">A line of a file is not understood.</exception>
    public static IEnumerable<GivenOption> Options(IReadOnlyList<GivenOption> commandLine)
    {
        var config = commandLine.LastOrDefault(option => IsConfig(option.Name))?.Value;
        var files = new List<string>();
        if (config is null && commandLine.All(option => !IsNoDefault(option.Name)))
        {
            files.Add("/etc/criu/default.conf");
            if (OwnText.Variable("HOME") is { Length: > 0 } home)
                files.Add(Path.Combine(home, ".criu/default.conf"));
            files.RemoveAll(file => !FileContent.Exists(file));
        }
        if (OwnText.Variable("CRIU_CONFIG_FILE") is { Length: > 0 } named)
            files.Add(named);
        if (config is not null)
            files.Add(config);
        return files.SelectMany(Read);
    }

    /// <summary>The options of a file; none if it does not exist, or for null.</summary>
    /// <exception cref="PreDumpException">It can't be read.</exception>
    /// <exception cref="UsageException">A line of it is not understood.</exception>
    public static IEnumerable<GivenOption> IfExists(string? file) =>
        file is not null && FileContent.Exists(file) ? Read(file) : [];

    /// <summary>Whether it is an option that says which files are read; in a file it means nothing.</summary>
    public static bool Choose(string option) => IsConfig(option) || IsNoDefault(option);

    /// <summary>The options of a file's lines.</summary>
    /// <exception cref="UsageException">A line is not understood.</exception>
    internal static IEnumerable<GivenOption> Parse(IEnumerable<string> lines, string file)
    {
        int number = 0;
        foreach (var line in lines)
        {
            number++;
            GivenOption? option;
            var place = $"{file}, line {number}";
            try
            {
                option = Statement(line, place);
            }
            catch (UsageException e)
            {
                throw new UsageException($"{place}: {e.Message}");
            }
            if (option is not null)
                yield return option;
        }
    }

    private static List<GivenOption> Read(string file)
    {
        try
        {
            return [.. Parse(RawText.Decode(FileContent.Read(file)).Split('\n'), file)];
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"configuration file {file} can't be read: {e.Message}");
        }
    }

    private static GivenOption? Statement(string line, string place)
    {
        var words = Words(line) ?? throw new UsageException("a quotation mark is missing");
        if (words.Count == 0)
            return null;
        if (words.Count > 2)
            throw new UsageException($"{words[0]} has more than one value: put double quotes around what has blanks");
        var parts = words[0].TrimStart('-').Split('=', 2);
        var name = OptionName.Long(parts[0]);
        var value = parts.ElementAtOrDefault(1) ?? words.ElementAtOrDefault(1);
        if (value is null && name.Kind == ValueKind.Required)
            throw new UsageException($"the value of {name.Name} is missing");
        return new(name.Name, name.Kind == ValueKind.None ? null : value, name.IsRevoked, string.Join(' ', words))
        {
            Place = place,
        };
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
            else if (!quoted && c is ' ' or '\t' or '\r')
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

    private static bool IsConfig(string option) => "--" + option == ProcessOptions.Config.Name;

    private static bool IsNoDefault(string option) => "--" + option == ProcessOptions.NoDefaultConfig.Name;
}
