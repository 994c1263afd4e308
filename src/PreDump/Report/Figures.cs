using PreDump.Core.History;
using PreDump.Output;

namespace PreDump.Report;

/// <summary>Figures in the words of the report.</summary>
internal static class Figures
{
    /// <summary>"4.0 MiB", of a number of pages.</summary>
    public static string Size(ulong pages) => Sizes.Bytes(ChainRound.BytesOf(pages));

    /// <summary>"1,024".</summary>
    public static string Count(double? number) => number is { } n ? $"{n:N0}" : "–";

    /// <summary>"81.0 ms".</summary>
    public static string Time(ulong? microseconds) =>
        microseconds is { } us ? Sizes.Time(TimeSpan.FromMicroseconds(us)).Replace("us", "µs", StringComparison.Ordinal)
            .Replace(".0 ", " ", StringComparison.Ordinal) : "–";

    /// <summary>"1 round", "1,024 pages".</summary>
    public static string Of(ulong number, string what) => $"{number:N0} {what}{(number == 1 ? "" : "s")}";

    /// <summary>"22:40:07", or with its date if that is another one than the first's.</summary>
    public static string Clock(DateTimeOffset? time, DateTimeOffset? first) =>
        time?.UtcDateTime is { } at && first?.UtcDateTime.Date == at.Date ? $"{at:HH:mm:ss}" : Date(time);

    /// <summary>"26 Nov 2026, 22:40:07 UTC".</summary>
    public static string Date(DateTimeOffset? time) => time is { } at ? $"{at.UtcDateTime:d MMM yyyy, HH:mm:ss} UTC" : "–";
}
