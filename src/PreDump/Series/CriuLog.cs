using PreDump.Linux;

namespace PreDump.Series;

/// <summary>criu's log of a dump that failed.</summary>
internal static class CriuLog
{
    private const string Error = "Error (";

    /// <summary>Whether it says that memory was moved since the last round: clean, and not in the parent.</summary>
    public static bool MissesInParent(string path) =>
        Errors(path).Any(line => line.Contains("in parent pagemap", StringComparison.Ordinal));

    /// <summary>The first error, which is the cause of the others, without its time.</summary>
    public static string FirstError(string path)
    {
        var errors = Errors(path);
        if (errors.Count == 0)
            return $"its log {path} says nothing";
        return errors[0][errors[0].IndexOf(Error, StringComparison.Ordinal)..];
    }

    // None if there is no log.
    private static List<string> Errors(string path)
    {
        try
        {
            var lines = RawText.Decode(FileContent.Read(path)).Split('\n');
            return [.. lines.Where(line => line.Contains(Error, StringComparison.Ordinal))];
        }
        catch (LinuxException)
        {
            return [];
        }
    }
}
