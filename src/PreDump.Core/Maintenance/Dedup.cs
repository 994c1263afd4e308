using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Maintenance;

/// <summary>Frees in the parent images what a directory of images replaces, as criu dedup does, and the parent's frame ledger. A task that has ended, so that only
/// the parent knows it, or a new one, that only the images know, is no error.</summary>
public static class Dedup
{
    /// <summary>Punches the holes; returns the pages freed.</summary>
    /// <param name="directory">The images; their parent link leads to the parent.</param>
    /// <exception cref="ImageException">An image is damaged; then nothing is freed.</exception>
    /// <exception cref="LinuxException">The file system can't punch holes.</exception>
    public static ulong Run(string directory)
    {
        // What replaces must be whole before the replaced is given up.
        ImageCheck.RefuseUnsound(directory, PageSize.Bytes, "nothing was freed");
        var chain = ImageChain.Walk(directory).ToList();
        ulong freed = 0;
        foreach (var path in Directory.EnumerateFiles(directory, "pagemap-*.img"))
            freed += FreeReplaced(chain, path);
        if (chain.Count > 1) // where its pages lay no later round asks
            File.Delete(Path.Combine(chain[1].Path, ImageNames.Frames));
        return freed;
    }

    /// <summary>The same at the end of a round. Whatever hinders it is a warning: the images are whole.</summary>
    public static void RunAfterRound(string directory, IObserver observer)
    {
        try
        {
            observer.Note($"{Run(directory)} pages freed in the parent images");
        }
        catch (Exception e) when (Failure.TryExplain(e) is { } reason)
        {
            observer.Warn($"--auto-dedup: {reason}: the images are whole, but what they replace goes on to take room in the parent images");
        }
    }

    private static ulong FreeReplaced(IReadOnlyList<ChainLink> chain, string pagemapPath)
    {
        using var parent = ChainedPages.TryOpen(chain, Path.GetFileName(pagemapPath), PageSize.Bytes, round: 1);
        if (parent is null)
            return 0;
        var pagesFiles = new Dictionary<string, Fd>();
        try
        {
            ulong freed = 0;
            using var pagemap = PagemapReader.Open(pagemapPath, PageSize.Bytes);
            while (pagemap.TryRead(out var entry))
                if (entry.Flags.HasFlag(PageFlags.Present))
                    freed += Free(parent, entry, pagesFiles);
            return freed;
        }
        finally
        {
            foreach (var file in pagesFiles.Values)
                file.Dispose();
        }
    }

    private static ulong Free(ChainedPages parent, PagemapEntry entry, Dictionary<string, Fd> pagesFiles)
    {
        ulong freed = 0;
        for (ulong done = 0, pages; done < entry.NrPages; done += pages)
        {
            pages = parent.Locate(entry.Vaddr + done * (ulong)PageSize.Bytes, entry.NrPages - done, out var place);
            if (place.Round is not { PagesPath: var path })
                continue;
            if (!pagesFiles.TryGetValue(path, out var file))
                pagesFiles.Add(path, file = Fd.OpenForUpdate(path));
            file.PunchHole(place.Offset, pages * (ulong)PageSize.Bytes);
            freed += pages;
        }
        return freed;
    }
}
