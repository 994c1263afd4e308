using PreDump.Linux;

namespace PreDump.Series;

/// <summary>criu's log of a dump that failed.</summary>
internal static class CriuLog
{
    /// <summary>What criu says of memory that was moved since the last round: clean, and not in the parent.</summary>
    public const string MissingInParent = "in parent pagemap";

    /// <summary>The lines with errors, in their order; none if there is no log.</summary>
    public static IReadOnlyList<string> Errors(string path)
    {
        try
        {
            return [.. RawText.Decode(FileContent.Read(path)).Split('\n').Where(line => line.Contains("Error (", StringComparison.Ordinal))];
        }
        catch (LinuxException)
        {
            return [];
        }
    }

    /// <summary>The first error, which is the cause of the others, without its time.</summary>
    public static string FirstError(string path)
    {
        var errors = Errors(path);
        if (errors.Count == 0)
            return $"its log {path} says nothing";
        int at = errors[0].IndexOf("Error (", StringComparison.Ordinal);
        return errors[0][at..];
    }
}
