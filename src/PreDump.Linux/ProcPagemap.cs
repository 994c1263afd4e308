using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A task's page tables as shown by /proc/PID/pagemap, read with the PAGEMAP_SCAN ioctl if the kernel has it (since
/// 6.7), otherwise entry by entry. The file stays bound to the address space that the task had when it was opened. See
/// proc_pid_pagemap(5) and Documentation/admin-guide/mm/pagemap.rst.</summary>
/// <param name="fd">The open file; closed with this object.</param>
public sealed class ProcPagemap(Fd fd) : IDisposable
{
    /// <summary>Opens a task's pagemap.</summary>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public static ProcPagemap Open(int tid) => new(Fd.Open(ProcFs.Path(tid, "pagemap"), O_RDONLY));

    /// <summary>Finds the next pages of a category in [<paramref name="position"/>, <paramref name="end"/>). Fills
    /// <paramref name="found"/> with ascending ranges, advances the position past what was scanned, and returns the number of
    /// ranges. The scan is complete when the position has reached the end; a call may end earlier, so that none takes
    /// long.</summary>
    /// <param name="position">The address to start at; updated.</param>
    /// <param name="end">The address to stop at.</param>
    /// <param name="category">The kind of pages to find.</param>
    /// <param name="anonymous">Whether no file is mapped in the range, so that no page belongs to a file.</param>
    /// <param name="found">Receives the ranges.</param>
    /// <exception cref="LinuxException">PAGEMAP_SCAN failed.</exception>
    public int Scan(ref ulong position, ulong end, PageCategory category, bool anonymous, Span<MemoryRange> found)
    {
        if (category == PageCategory.All)
        {
            found[0] = new MemoryRange(position, end - position);
            position = end;
            return 1;
        }
        return PagemapScan.Supports(category)
            ? PagemapScan.Scan(fd, ref position, end, category, found)
            : ProcPagemapEntries.Scan(fd, ref position, end, category, anonymous, found);
    }

    /// <summary>Reads raw entries (<see cref="PagemapBits"/>), one per page, starting with the page at address
    /// <paramref name="start"/>; returns the number of entries read, 0 on failure.</summary>
    public int ReadEntries(Span<ulong> entries, ulong start) =>
        Math.Max(0, fd.TryReadAt(MemoryMarshal.AsBytes(entries), PageSize.Pages(start) * sizeof(ulong))) / sizeof(ulong);

    /// <inheritdoc/>
    public void Dispose() => fd.Dispose();
}
