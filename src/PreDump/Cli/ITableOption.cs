using PreDump.Linux;

namespace PreDump.Cli;

/// <summary>A row of the table of options (<see cref="Options"/>): everything that is known of an option, once. The parser, the
/// help texts, the manual page and docs/options.md are made from it.</summary>
internal interface ITableOption
{
    /// <summary>The name, with its dashes.</summary>
    string Name { get; }

    /// <summary>The name, then the aliases.</summary>
    IEnumerable<string> Names { get; }

    /// <summary>What its value is called, such as PID; null: it takes none.</summary>
    string? Argument { get; }

    /// <summary>How it is written, where that is more than names and value.</summary>
    string? Written { get; }

    /// <summary>What it means to each command that takes it: one sentence, without the default.</summary>
    IReadOnlyDictionary<Takers, string> Help { get; }

    /// <summary>What the manual page says besides; null: nothing.</summary>
    string? Details { get; }

    /// <summary>What failures and warnings call it; null: none is about it.</summary>
    Input? About { get; }

    /// <summary>Accepted only for compatibility with criu: it makes no difference.</summary>
    bool HasNoEffect { get; }

    /// <summary>What holds where it is not given, for people, to this command; null: nothing.</summary>
    string? DefaultFor(Takers command);
}

/// <summary>What follows from a row.</summary>
internal static class TableOptions
{
    /// <summary>Whether a command takes it.</summary>
    public static bool IsFor(this ITableOption option, Takers command) => option.Help.Keys.Any(takers => takers.HasFlag(command));

    /// <summary>The help text for a command, with the default.</summary>
    public static string HelpFor(this ITableOption option, Takers command) =>
        option.Help.First(text => text.Key.HasFlag(command)).Value
        + (option.DefaultFor(command) is { } value ? $" [default: {value}]" : "");
}
