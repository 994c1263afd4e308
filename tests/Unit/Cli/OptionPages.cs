using System.Text;
using System.Text.RegularExpressions;
using PreDump.Cli;

namespace PreDump.Tests.Unit.Cli;

/// <summary>The lists of options in the manual page and in docs/options.md, made from the table of options.</summary>
internal static partial class OptionPages
{
    private const int Width = 130;

    /// <summary>A table for docs/options.md.</summary>
    public static string Markdown(Takers command)
    {
        var table = new StringBuilder("| option | meaning |\n|---|---|\n");
        foreach (var option in Options.Of(command))
        {
            var names = string.Join(", ", Written(option).Select(name => $"`{Bars(name)}`"));
            var help = OptionName().Replace(Text(option, command), "`$0`");
            table.Append($"| {names} | {Bars(help)} |\n");
        }
        return table.ToString();

        static string Bars(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
    }

    /// <summary>Paragraphs for the manual page, with the details that only it has.</summary>
    public static string Manual(Takers command)
    {
        var paragraphs = new StringBuilder();
        // What a series shares with a single round is not said twice.
        foreach (var option in Options.Of(command).Where(option => command != Takers.Checkpoint || IsNew(option)))
        {
            string more = (command == Takers.PreDump || !option.IsFor(Takers.PreDump)) && option.Details is { } details
                ? " " + details : "";
            paragraphs.Append($".TP\n{Roff(option)}\n{Wrapped(Text(option, command) + more)}");
        }
        return paragraphs.ToString();
    }

    private static bool IsNew(ITableOption option) =>
        !option.IsFor(Takers.PreDump) || Text(option, Takers.PreDump) != Text(option, Takers.Checkpoint);

    // "How many threads copy (default: 8)."
    private static string Text(ITableOption option, Takers command)
    {
        var help = option.Help.First(text => text.Key.HasFlag(command)).Value;
        return option.DefaultFor(command) is { } value ? $"{help[..^1]} (default: {value})." : help;
    }

    // "-t", "--tree PID": the short name first, the value after the last.
    private static string[] Written(ITableOption option)
    {
        if (option.Written is { } written)
            return written.Split(", ");
        string[] names = [.. option.Names.OrderBy(name => name.StartsWith("--", StringComparison.Ordinal))];
        if (option.Argument is { } argument)
            names[^1] += " " + argument;
        return names;
    }

    private static string Roff(ITableOption option) =>
        (Written(option) is [var single] && !single.Contains(' ', StringComparison.Ordinal) ? ".B " : ".BR ")
            + string.Join(" \", \" ", Written(option).Select(name => name.Split(' ') is [var word, var value]
                ? $"{Dashes(word)} \" \" \\fI{Dashes(value)}\\fR"
                : Dashes(name)));

    private static string Wrapped(string text)
    {
        var lines = new StringBuilder();
        int column = 0;
        foreach (var word in Dashes(text).Split(' '))
        {
            if (column > 0 && column + 1 + word.Length > Width)
            {
                lines.Append('\n');
                column = 0;
            }
            lines.Append(column > 0 ? " " : "").Append(word);
            column += word.Length + (column > 0 ? 1 : 0);
        }
        return lines.Append('\n').ToString();
    }

    [GeneratedRegex(@"(?<![\w-])--?[a-z][\w-]*")]
    private static partial Regex OptionName();

    private static string Dashes(string text) => text.Replace("-", "\\-", StringComparison.Ordinal);
}
