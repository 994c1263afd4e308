using PreDump.Images;

namespace PreDump.Output;

/// <summary>The figures as criu --display-stats prints them, for scripts that read those.</summary>
internal static class CriuStatsText
{
    /// <summary>Prints them on standard output.</summary>
    public static void Print(in DumpStats stats)
    {
        Console.Out.WriteLine("Displaying dump stats:");
        Console.Out.WriteLine($"Freezing time: {stats.FreezingMicroseconds} us");
        Console.Out.WriteLine($"Frozen time: {stats.FrozenMicroseconds} us");
        Console.Out.WriteLine($"Memory dump time: {stats.MemdumpMicroseconds} us");
        Console.Out.WriteLine($"Memory write time: {stats.MemwriteMicroseconds} us");
        Console.Out.WriteLine("IRMAP resolve time: 0 us");
        Pages("Memory pages scanned", stats.PagesScanned);
        Pages("Memory pages skipped from parent", stats.PagesSkippedParent);
        Pages("Memory pages written", stats.PagesWritten);
        Pages("Lazy memory pages", stats.PagesLazy);
    }

    private static void Pages(string what, ulong pages) => Console.Out.WriteLine($"{what}: {pages} (0x{pages:x})");
}
