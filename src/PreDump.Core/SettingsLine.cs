namespace PreDump.Core;

/// <summary>A line of an administrator's settings (/etc/predump): a name, blanks, a value; # starts a comment.</summary>
public static class SettingsLine
{
    /// <summary>Its words, without the comment; none for an empty line.</summary>
    public static string[] Words(string line)
    {
        int comment = line.IndexOf('#', StringComparison.Ordinal);
        return (comment < 0 ? line : line[..comment]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }
}
