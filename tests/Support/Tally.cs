using System.Collections.Concurrent;
using Xunit;

[assembly: AssemblyFixture(typeof(Tally))]

namespace PreDump.Tests.Support;

/// <summary>What the tests did to the tool and its victims, counted over the complete run and printed at its end: "tally: 1000
/// kill -9, 0 victims lost". A count shows that a test really did its work; the tests themselves assert that it was
/// harmless.</summary>
public sealed class Tally : IDisposable
{
    private static readonly ConcurrentDictionary<string, long> s_counts = new() { ["victims lost"] = 0, ["wrong pages"] = 0 };

    private static readonly ConcurrentDictionary<string, ConcurrentBag<TimeSpan>> s_times = new();

    public static void Count(string what, long more = 1) => s_counts.AddOrUpdate(what, more, (_, before) => before + more);

    /// <summary>A time that is measured and printed; no test depends on it.</summary>
    public static void Measure(string what, TimeSpan time) => s_times.GetOrAdd(what, _ => []).Add(time);

    public void Dispose()
    {
        foreach (var (what, times) in s_times.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var sorted = times.Select(time => time.TotalMilliseconds).Order().ToList();
            Console.Out.WriteLine($"measured: {what}: {sorted[0]:f2} / {sorted[sorted.Count / 2]:f2} / {sorted[^1]:f2} ms "
                + $"(min/median/max of {sorted.Count})");
        }
        var counts = s_counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Value} {count.Key}");
        Console.Out.WriteLine($"tally: {string.Join(", ", counts)}");
    }
}
