using System.CommandLine;
using System.CommandLine.Parsing;
using PreDump.Linux;

namespace PreDump.Cli;

/// <summary>A row of the table of options, which is also the parser's option. One object serves all commands, so that an option
/// may come before the command's name, as those of configuration files do.</summary>
internal sealed class TableOption<T> : Option<T>, ITableOption
{
    /// <param name="name">With its dashes.</param>
    /// <param name="aliases">Other names.</param>
    public TableOption(string name, params string[] aliases) : base(name, aliases)
    {
        if (typeof(T) == typeof(bool))
            Arity = ArgumentArity.Zero;
    }

    /// <inheritdoc/>
    public IEnumerable<string> Names => Aliases.Prepend(Name);

    /// <inheritdoc/>
    public string? Argument { get => HelpName; init => HelpName = value; }

    /// <inheritdoc/>
    public string? Written { get; init; }

    /// <inheritdoc cref="ITableOption.Help"/>
    public Dictionary<Takers, string> Help { get; } = [];

    /// <inheritdoc/>
    IReadOnlyDictionary<Takers, string> ITableOption.Help => Help;

    /// <inheritdoc/>
    public string? Details { get; init; }

    /// <inheritdoc/>
    public Input? About { get; init; }

    /// <inheritdoc/>
    public bool HasNoEffect { get; init; }

    /// <summary>The value where it is not given.</summary>
    public T? Default { get; init; }

    /// <summary>What is said of the default where that is no value, or not the same for each command.</summary>
    public Dictionary<Takers, string> DefaultText { get; } = [];

    /// <inheritdoc/>
    public string? DefaultFor(Takers command) => DefaultText.FirstOrDefault(text => text.Key.HasFlag(command)).Value
        ?? (Argument is null ? null : Default?.ToString());

    /// <summary>What a command line says, or the default.</summary>
    public T? In(ParseResult line) => line.GetValue(this) is { } value ? value : Default;

    /// <summary>Whether a command line has it.</summary>
    public bool IsIn(CommandResult line) => line.GetResult(this) is not null;
}
