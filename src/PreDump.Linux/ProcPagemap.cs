using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A task's page tables, as /proc/PID/pagemap shows them (admin-guide/mm/pagemap.rst): by the PAGEMAP_SCAN ioctl where
/// the kernel has it (6.7), else entry by entry. Both show the memory that the task had when the file was opened.</summary>
public sealed class ProcPagemap(Fd fd) : IDisposable
{
    /// <summary>Opens a task's pagemap.</summary>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public static ProcPagemap Open(int tid) => new(Fd.Open(ProcFs.Path(tid, "pagemap"), O_RDONLY));

    /// <summary>Finds the next pages in [<paramref name="position"/>, <paramref name="end"/>): fills <paramref name="found"/>
    /// with ranges that ascend, moves the position past what was looked at, and returns the number of ranges. 0 with the position
    /// at the end: nothing more.</summary>
    /// <param name="position">Where to begin, in bytes; moved.</param>
    /// <param name="end">Where to end, in bytes.</param>
    /// <param name="category">Which pages.</param>
    /// <param name="anonymous">No file is mapped there, so that no page can be a file's.</param>
    /// <param name="found">Takes the ranges.</param>
    public int Scan(ref ulong position, ulong end, PageCategory category, bool anonymous, Span<MemoryRange> found)
    {
        if (category == PageCategory.All)
        {
            found[0] = new MemoryRange(position, end - position);
            position = end;
            return 1;
        }
        return PagemapScan.Finds(category)
            ? PagemapScan.Scan(fd, ref position, end, category, found)
            : ProcPagemapEntries.Scan(fd, ref position, end, category, anonymous, found);
    }

    /// <summary>Reads raw entries, one per page, from the page at <paramref name="start"/> on; returns how many could be
    /// read.</summary>
    public int ReadEntries(Span<ulong> entries, ulong start) =>
        Math.Max(0, fd.TryReadAt(MemoryMarshal.AsBytes(entries), PageSize.Pages(start) * sizeof(ulong))) / sizeof(ulong);

    /// <inheritdoc/>
    public void Dispose() => fd.Dispose();
}
