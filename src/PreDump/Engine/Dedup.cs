using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>Frees in the parent images what a directory of images replaces, as criu dedup does. A task that has ended, so that only
/// the parent knows it, or a new one, that only the images know, is no error.</summary>
internal static class Dedup
{
    /// <summary>Punches the holes; returns the pages freed.</summary>
    /// <param name="directory">The images; their parent link leads to the parent.</param>
    public static ulong Run(string directory)
    {
        ulong freed = 0;
        foreach (var path in Directory.EnumerateFiles(directory, "pagemap-*.img"))
        {
            using var parent = ParentPages.TryOpen(Path.Combine(directory, ImageNames.Parent), Path.GetFileName(path));
            if (parent is null)
                continue;
            using var pagemap = PagemapReader.Open(path, PageSize.Bytes);
            while (pagemap.TryRead(out var entry))
                if (entry.Flags.HasFlag(PageFlags.Present))
                    freed += parent.Punch(new MemoryRange(entry.Vaddr, entry.NrPages * (ulong)PageSize.Bytes));
        }
        return freed;
    }
}
