namespace PreDump.Cli;

/// <summary>A command line as getopt_long(3) takes it apart: options and operands in any order, long options abbreviated, letters
/// in bundles, and only operands behind --.</summary>
internal sealed class Getopt
{
    private readonly IReadOnlyList<string> _words;
    private readonly List<GivenOption> _options = [];
    private readonly List<string> _operands = [];
    private int _at;

    /// <summary>Takes it apart.</summary>
    /// <exception cref="UsageException">An option does not exist, is ambiguous, lacks its value or has one too many.</exception>
    public Getopt(IReadOnlyList<string> words)
    {
        _words = words;
        for (; _at < words.Count; _at++)
        {
            var word = words[_at];
            if (word == "--")
            {
                _operands.AddRange(words.Skip(_at + 1));
                break;
            }
            if (word.StartsWith("--", StringComparison.Ordinal))
                _options.Add(Long(word));
            else if (word is ['-', _, ..])
                AddLetters(word);
            else
                _operands.Add(word);
        }
    }

    /// <summary>The options, in their order.</summary>
    public IReadOnlyList<GivenOption> Options => _options;

    /// <summary>All other words, in their order.</summary>
    public IReadOnlyList<string> Operands => _operands;

    private GivenOption Long(string word)
    {
        var parts = word["--".Length..].Split('=', 2);
        var name = OptionName.Long(parts[0]);
        if (parts.Length == 1 && name.Kind == ValueKind.Required)
            return new(name.Name, NextWord(name), name.IsRevoked, $"{word} {_words[_at]}");
        if (parts.Length == 2 && name.Kind == ValueKind.None)
            throw new UsageException($"--{parts[0]} takes no value: leave ={parts[1]} out");
        return new(name.Name, parts.ElementAtOrDefault(1), name.IsRevoked, word);
    }

    // -t5, -t 5, -jRt 5, -v, -vv, -v4
    private void AddLetters(string word)
    {
        for (int i = 1; i < word.Length; i++)
        {
            var name = OptionName.Short(word[i]);
            if (name.Kind == ValueKind.None)
            {
                _options.Add(new(name.Name, null, false, $"-{word[i]}"));
                continue;
            }
            string? rest = i + 1 < word.Length ? word[(i + 1)..] : null;
            _options.Add(name.Kind == ValueKind.Optional
                ? new(name.Name, rest, false, $"-{word[i]}{rest}")
                : new(name.Name, rest ??= NextWord(name), false, $"-{word[i]} {rest}"));
            return;
        }
    }

    private string NextWord(OptionName name) => ++_at < _words.Count
        ? _words[_at]
        : throw new UsageException($"--{name.Name}: its value is missing");
}
