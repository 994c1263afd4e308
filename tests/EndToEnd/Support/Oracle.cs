using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>
/// Which pages of a stopped process a pre-dump must take, and their contents, by CRIU's rules but independent of the
/// product: smaps and pagemap are read here, as root.
/// </summary>
internal static class Oracle
{
    private const ulong Present = 1UL << 63;
    private const ulong Swapped = 1UL << 62;
    private const ulong OfFileOrShared = 1UL << 61;
    private const ulong Guard = 1UL << 58;
    private const ulong FrameNumber = (1UL << 55) - 1;

    /// <summary>The address of each page to take, ascending, with the mapping it is in.</summary>
    public static SortedDictionary<ulong, Mapping> Pages(int pid)
    {
        var pages = new SortedDictionary<ulong, Mapping>();
        using var pagemap = Open($"/proc/{pid}/task/{ProcessView.ThreadWithMemory(pid)}/pagemap");
        foreach (var mapping in Mapping.Of(pid).Where(IsTaken))
        {
            var entries = new ulong[mapping.Pages];
            ReadWhole(pagemap, MemoryMarshal.AsBytes(entries.AsSpan()), mapping.Start / Mapping.PageSize * sizeof(ulong));
            for (ulong i = 0; i < mapping.Pages; i++)
                if (mapping.Name == "[vdso]" || IsOwned(entries[i], mapping))
                    pages[mapping.Start + i * Mapping.PageSize] = mapping; // (smaps of a running task may show a page twice)
        }
        return pages;
    }

    /// <summary>The memory of a process, whatever its protection.</summary>
    public static SafeFileHandle Memory(int pid) => Open($"/proc/{pid}/task/{ProcessView.ThreadWithMemory(pid)}/mem");

    public static void ReadWhole(SafeFileHandle file, Span<byte> into, ulong offset)
    {
        while (into.Length > 0)
        {
            var read = RandomAccess.Read(file, into, (long)offset);
            if (read <= 0)
                throw new EndOfStreamException($"nothing at {offset:x}");
            into = into[read..];
            offset += (ulong)read;
        }
    }

    private static bool IsTaken(Mapping mapping) =>
        mapping.Protection[3] == 'p'
        && mapping.Name is not ("[vvar]" or "[vvar_vclock]" or "[vsyscall]" or "[uprobes]")
        && !mapping.Name.StartsWith("/[aio]", StringComparison.Ordinal)
        && !mapping.Flags.Overlaps(["ht", "dp", "io", "pf"]);

    private static bool IsOwned(ulong entry, Mapping mapping) =>
        (entry & (Present | Swapped)) != 0
        && (entry & Guard) == 0
        && !(mapping.IsOfFile && (entry & OfFileOrShared) != 0)
        && !IsZeroPage(entry);

    // The huge zero page, which is a different one, is content: CRIU without PAGEMAP_SCAN takes it, and expects it later.
    private static bool IsZeroPage(ulong entry) => (entry & Present) != 0 && (entry & FrameNumber) == ZeroPage.Frame;

    // FileShare.ReadWrite, so that .NET takes no lock on the file.
    private static SafeFileHandle Open(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
}
