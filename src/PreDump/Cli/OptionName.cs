namespace PreDump.Cli;

/// <summary>The option that a word or a letter means.</summary>
/// <param name="Name">Its full name, without dashes.</param>
/// <param name="Kind">What follows it.</param>
/// <param name="IsRevoked">--no-NAME was meant.</param>
internal readonly record struct OptionName(string Name, ValueKind Kind, bool IsRevoked = false)
{
    /// <summary>The long option of this name, or of this beginning of a name. Only if none of CRIU's begins so, one of ours is
    /// meant: what criu takes means here what it means there.</summary>
    /// <param name="name">Without dashes.</param>
    /// <exception cref="UsageException">There is none, or more than one.</exception>
    public static OptionName Long(string name)
    {
        if (Exactly(name) is { } exact)
            return exact;
        string[] begun = [.. CriuOptions.Names.Where(IsBegun)];
        if (begun.Length == 0)
            begun = [.. Options.All.SelectMany(option => option.Names).Where(IsLong).Select(Bare).Where(IsBegun)];
        return begun switch
        {
            [] => throw new UsageException($"there is no option --{name}"),
            [var one] => Exactly(one)!.Value,
            _ => throw new UsageException($"--{name} is ambiguous: --{string.Join(", --", begun.Order())}"),
        };

        bool IsBegun(string longer) => name.Length > 0 && longer.StartsWith(name, StringComparison.Ordinal);
    }

    /// <summary>The option of a letter.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static OptionName Short(char letter) => CriuOptions.NameOf(letter) is { } name ? Exactly(name)!.Value
        : Options.Named($"-{letter}") is { } option ? Of(option)
        : throw new UsageException($"there is no option -{letter}");

    private static OptionName? Exactly(string name)
    {
        if (CriuOptions.KindOf(name) is { } kind)
            return new(name, kind);
        if (Options.Named("--" + name) is { } option)
            return Of(option);
        if (!name.StartsWith("no-", StringComparison.Ordinal))
            return null;
        var taken = name["no-".Length..];
        return CriuOptions.IsToggle(taken) || Options.Named("--" + taken) is { Argument: null }
            ? new(taken, ValueKind.None, IsRevoked: true)
            : null;
    }

    private static OptionName Of(ITableOption option) =>
        new(Bare(option.Name), option.Argument is null ? ValueKind.None : ValueKind.Required);

    private static bool IsLong(string name) => name.StartsWith("--", StringComparison.Ordinal);

    private static string Bare(string name) => name["--".Length..];
}
