using System.Collections.Concurrent;
using PreDump.Tests.Support;
using Xunit;

[assembly: AssemblyFixture(typeof(Tally))]

namespace PreDump.Tests.Support;

/// <summary>What the tests did to the tool and to its victims, counted over the whole run and printed at its end: "tally: 1000 kill
/// -9, 0 victims lost". A count says that a test did what it was to do; that it was harmless is asserted where it happens.</summary>
public sealed class Tally : IDisposable
{
    private static readonly ConcurrentDictionary<string, long> Counts = new() { ["victims lost"] = 0, ["wrong pages"] = 0 };

    public static void Count(string what, long more = 1) => Counts.AddOrUpdate(what, more, (_, before) => before + more);

    public void Dispose() =>
        Console.Out.WriteLine($"tally: {string.Join(", ", Counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Value} {count.Key}"))}");
}
