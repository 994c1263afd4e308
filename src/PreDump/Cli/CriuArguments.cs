using System.Globalization;

namespace PreDump.Cli;

/// <summary>Turns a command line as criu takes it into one that the parser takes: the options of configuration files come first,
/// -v and the like become one --verbosity, --no-X revokes an earlier --X, and options of criu dump that make no difference to a
/// pre-dump are dropped.</summary>
internal sealed class CriuArguments
{
    private readonly List<Word> _words = [];
    private readonly List<string> _ignored = [];
    private int? _verbosity;

    /// <summary>The command line for the parser.</summary>
    public IReadOnlyList<string> Tokens => _verbosity is { } level
        ? [.. AllTokens, ProcessOptions.Verbosity.Name, level.ToString(CultureInfo.InvariantCulture)]
        : [.. AllTokens];

    private IEnumerable<string> AllTokens => _words.SelectMany(word => word.Tokens);

    // An option with its value, or anything else.
    private sealed record Word(ITableOption? Option, params string[] Tokens);

    /// <summary>The options that were dropped, with their values.</summary>
    public IReadOnlyList<string> Ignored => _ignored;

    /// <summary>Normalises a command line, with the configuration files that it and the environment ask for.</summary>
    /// <exception cref="Core.PreDumpException">A configuration file can't be read.</exception>
    public static CriuArguments From(IReadOnlyList<string> commandLine)
    {
        var arguments = new CriuArguments();
        var own = ConfigFiles.TakeOptions(commandLine, out var files);
        foreach (var file in files)
            arguments.Add(ConfigFiles.Read(file));
        arguments.Add(own);
        return arguments;
    }

    private void Add(IReadOnlyList<string> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            string token = tokens[i], name = token.Split('=', 2)[0];
            if (token == "--")
            {
                _words.Add(new Word(null, [.. tokens.Skip(i)]));
                return;
            }
            if (IsVerbosity(token))
                continue;
            if (name == ProcessOptions.Verbosity.Name)
                AddVerbosity(token == name ? null : token[(name.Length + 1)..]);
            else if (CriuOptions.IsFlag(name))
                _ignored.Add(token);
            else if (CriuOptions.TakesValue(name))
                _ignored.Add(token == name && i + 1 < tokens.Count ? $"{token} {tokens[++i]}" : token);
            else if (Options.All.FirstOrDefault(option => name == "--no-" + option.Name[2..]) is { Argument: null } taken)
                _words.RemoveAll(word => word.Option == taken);
            else
                AddOption(tokens, ref i);
        }
    }

    // Of an option that is given twice the last one counts, so a command line overrides configuration files. An option's value is
    // never taken for an option itself.
    private void AddOption(IReadOnlyList<string> tokens, ref int i)
    {
        string token = tokens[i];
        var option = Options.All.FirstOrDefault(option => option.Names.Any(name => IsIn(name, token)));
        if (option is not null)
            _words.RemoveAll(word => word.Option == option);
        bool valueFollows = option is { Argument: not null } && i + 1 < tokens.Count && option.Names.Contains(token);
        _words.Add(valueFollows ? new Word(option, token, tokens[++i]) : new Word(option, token));
    }

    // --tree, --tree=1, -t, -t1
    private static bool IsIn(string name, string token) => token == name
        || token.StartsWith(name + "=", StringComparison.Ordinal)
        || (name.Length == 2 && token.StartsWith(name, StringComparison.Ordinal));

    // -v, -vv, -v4
    private bool IsVerbosity(string token)
    {
        if (!token.StartsWith("-v", StringComparison.Ordinal))
            return false;
        var rest = token.AsSpan(1);
        if (rest.TrimStart('v').IsEmpty)
            _verbosity = (_verbosity ?? ProcessOptions.Verbosity.Default) + rest.Length;
        else if (int.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out int level))
            _verbosity = level;
        else
            return false;
        return true;
    }

    private void AddVerbosity(string? level)
    {
        if (level is null)
            _verbosity = (_verbosity ?? ProcessOptions.Verbosity.Default) + 1;
        else if (int.TryParse(level, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            _verbosity = number;
        else
            _words.Add(new Word(ProcessOptions.Verbosity, ProcessOptions.Verbosity.Name, level)); // refused by the parser
    }
}
