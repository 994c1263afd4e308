using System.Globalization;

namespace PreDump.Cli;

/// <summary>The level of a log as criu counts it: 0 messages, 1 errors, 2 warnings, 3 information, 4 debug.</summary>
internal static class Verbosity
{
    private const int Most = 10;

    /// <summary>criu's own, where nothing else is asked for.</summary>
    public const int Default = 2;

    /// <summary>The level after one more -v: -v and -vv are one and two levels more, -v4 is a level.</summary>
    /// <param name="level">The level before.</param>
    /// <param name="given">The option.</param>
    /// <exception cref="UsageException">Its value is no level.</exception>
    public static int After(int level, GivenOption given)
    {
        if (given.Value is null)
            level++;
        else if (given.Value.Length > 0 && given.Value.AsSpan().TrimStart('v').IsEmpty)
            level += given.Value.Length + 1;
        else if (!int.TryParse(given.Value, NumberStyles.None, CultureInfo.InvariantCulture, out level))
        {
            string place = given.Place is { } line ? line + ": " : "";
            throw new UsageException($"{place}{given.Written}: the level must be a number, or a v for each level more");
        }
        return Math.Min(level, Most);
    }
}
