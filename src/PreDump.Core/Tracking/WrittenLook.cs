using System.Runtime.InteropServices;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>Where nothing but contents tells what has changed: a look at the pages that a round has written.</summary>
public static class WrittenLook
{
    /// <summary>Looks at all tasks that can be looked at; if their images are on a page server only counts them.</summary>
    /// <param name="root">The tree's root.</param>
    /// <param name="images">The round's directory.</param>
    /// <param name="cancel">Ends the look.</param>
    /// <exception cref="TreeException">The root has ended.</exception>
    /// <exception cref="ImageException">The images can't be read.</exception>
    public static DirtyLook Of(TreeRoot root, string images, CancellationToken cancel)
    {
        var look = new DirtyLook();
        using var directory = ImageDirectory.Open(images);
        using var tree = new ProcessTree(root);
        tree.Scan((_, _) => { });
        foreach (var task in tree.Tasks)
        {
            cancel.ThrowIfCancellationRequested();
            using var mapsFile = ProcFs.TryOpen(task.Pid, "maps");
            if (mapsFile is null)
                continue;
            look.Begin(task.Pid);
            try
            {
                using var arena = new MapsArena(0);
                var maps = arena[arena.Read(mapsFile)];
                look.AddAreas(task.Pid, maps, Written(directory, ImageNames.Pagemap(task.ImagePid)));
            }
            catch (LinuxException)
            {
                // It has just ended, or runs a program that may not be read.
            }
        }
        return look;
    }

    private static ReadOnlySpan<MemoryRange> Written(ImageDirectory directory, string name)
    {
        var ranges = new List<MemoryRange>();
        using var parts = ImageChain.OpenParts(directory);
        foreach (var part in parts.Where(part => part.Has(name)))
        {
            using var pagemap = PagemapReader.Open(part, name, PageSize.Bytes);
            while (pagemap.TryRead(out var entry))
                if (entry.Flags.HasFlag(PageFlags.Present))
                    ranges.Add(entry.Range(PageSize.Step));
        }
        if (parts.Count > 1)
            ranges.Sort((one, other) => one.Start.CompareTo(other.Start));
        return CollectionsMarshal.AsSpan(ranges);
    }
}
