namespace PreDump.Cli;

/// <summary>An option that a command line or a configuration file gives.</summary>
/// <param name="Name">The full name, without dashes.</param>
/// <param name="Value">Its value; null: none.</param>
/// <param name="IsRevoked">It is given as --no-NAME, which takes back what came before.</param>
/// <param name="Written">As it was written, for messages.</param>
internal sealed record GivenOption(string Name, string? Value, bool IsRevoked, string Written)
{
    /// <summary>The configuration file and the line; null: it stands on the command line.</summary>
    public string? Place { get; init; }

    /// <summary>Whether it stands in a configuration file, which is there for other commands as well.</summary>
    public bool IsFromFile => Place is not null;
}
