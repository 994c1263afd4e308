using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Globalization;

namespace PreDump.Cli;

/// <summary>What values an option takes; a value that is none of these is refused with what would be one.</summary>
internal static class OptionKinds
{
    // criu's atoi(3) takes " 5" and "+5".
    private const NumberStyles AsOfAtoi = NumberStyles.AllowLeadingWhite | NumberStyles.AllowLeadingSign;

    private const long LeastRate = 256 * 1024; // a batch of a MiB in four seconds: a page server gives up after a longer silence

    /// <summary>The option takes a decimal number in a range.</summary>
    public static TableOption<int?> Number(this TableOption<int?> option, int least = 0, int most = int.MaxValue)
    {
        option.CustomParser = result =>
            int.TryParse(TextOf(result), AsOfAtoi, CultureInfo.InvariantCulture, out int number)
                && number >= least && number <= most
            ? number
            : Refuse<int?>(result, option, $"a number from {least} " + (most == int.MaxValue ? "up" : $"to {most}"));
        return option;
    }

    /// <summary>The option takes a number of bytes, optionally followed by K, M or G.</summary>
    public static TableOption<long?> Rate(this TableOption<long?> option)
    {
        option.CustomParser = result =>
        {
            var text = TextOf(result);
            int unit = text.Length == 0 ? -1 : "KMG".IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal);
            return long.TryParse(unit < 0 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                && number <= long.MaxValue >> 30 && number << (10 * (unit + 1)) is >= LeastRate and var rate
                ? rate
                : Refuse<long?>(result, option, "a number of bytes from 256K up, such as 300M");
        };
        return option;
    }

    /// <summary>The option takes a name or an address, a colon, and a port.</summary>
    public static TableOption<string?> EndPoint(this TableOption<string?> option)
    {
        option.CustomParser = result => TrySplit(TextOf(result)) is not null
            ? TextOf(result)
            : Refuse<string?>(result, option, "an address and a port, such as 10.0.0.2:7777 or [2001:db8::2]:7777");
        return option;
    }

    /// <summary>The address and the port in such a value; null if it is none.</summary>
    public static (string Address, int Port)? TrySplit(string endPoint)
    {
        int colon = endPoint.LastIndexOf(':');
        string address = endPoint[..Math.Max(colon, 0)];
        if (address is ['[', .. var literal, ']'])
            address = literal;
        else if (address.Contains(':'))
            return null;
        return address.Length > 0
            && int.TryParse(endPoint[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= 65535
            ? (address, port)
            : null;
    }

    /// <summary>The option takes one of the words that its argument's name lists, separated by |.</summary>
    /// <param name="option">The option.</param>
    /// <param name="synonym">A word of criu's that is accepted too.</param>
    public static TableOption<string?> Choice(this TableOption<string?> option, string? synonym = null)
    {
        var words = option.Argument!.Split('|');
        option.CompletionSources.Add(_ => words.Select(word => new CompletionItem(word)));
        option.CustomParser = result => TextOf(result) is var text && (text == synonym || words.Contains(text))
            ? text
            : Refuse<string?>(result, option, $"{string.Join(", ", words[..^1])} or {words[^1]}");
        return option;
    }

    private static string TextOf(ArgumentResult result) => result.Tokens[0].Value;

    private static T? Refuse<T>(ArgumentResult result, ITableOption option, string wanted)
    {
        result.AddError($"{option.Name} {TextOf(result)}: {option.Argument} must be {wanted}");
        return default;
    }
}
