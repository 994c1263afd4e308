using PreDump.Core.Parents;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Maintenance;

/// <summary>Frees the pages of the parent images that a directory of images replaces, as criu dedup does, and removes the
/// parent's frame ledger. Tasks that only the parent or only the images have are skipped.</summary>
public static class Dedup
{
    /// <summary>Punches holes in the parents' pages files; returns the number of pages freed.</summary>
    /// <param name="images">The images; their parent link leads to the parent.</param>
    /// <exception cref="ImageException">An image is damaged, and nothing was freed.</exception>
    /// <exception cref="PreDumpException">Another round needs the pages, too.</exception>
    /// <exception cref="LinuxException">The file system can't punch holes.</exception>
    public static ulong Run(ImageDirectory images)
    {
        // The replacement must be complete before what it replaces is freed.
        ImageCheck.RefuseUnsound(images, PageSize.Bytes, "nothing was freed");
        using var chain = ImageChain.Open(images.Reopen());
        int parts = chain.PartsOfLast;
        for (int i = parts; i < chain.Count; i++)
            ChildrenByContent.RefuseOthers(chain[i], chain.RoundOf(i - 1));
        ulong freed = 0;
        for (int part = 0; part < parts; part++)
            foreach (string pagemap in chain[part].Names().Where(ImageNames.IsPagemap))
                freed += FreeReplaced(chain, part, parts, pagemap);
        if (parts < chain.Count) // no later round will ask for the parent's frames
            chain[parts].Descriptor.TryUnlink(ImageNames.Frames);
        return freed;
    }

    /// <summary>Does the same at the end of a round. A failure is only a warning, because the images are complete.</summary>
    /// <param name="open">Opens the images.</param>
    /// <param name="observer">Receives the number of pages freed, or the warning.</param>
    public static void RunAfterRound(Func<ImageDirectory> open, IObserver observer)
    {
        try
        {
            using var images = open();
            observer.Note($"{Run(images)} pages freed in the parent images");
        }
        catch (Exception e) when (Failure.TryExplain(e) is { } reason)
        {
            observer.Warn($"{reason}: the images are complete, but what they replace still takes room in the parent images",
                RoundInput.AutoDedup);
        }
    }

    private static ulong FreeReplaced(ImageChain chain, int part, int parentAt, string name)
    {
        using var parent = ChainedPages.TryOpen(chain, name, PageSize.Bytes, round: parentAt);
        if (parent is null)
            return 0;
        var pagesFiles = new Dictionary<ChainedPages, Fd>();
        try
        {
            ulong freed = 0;
            using var pagemap = PagemapReader.Open(chain[part], name, PageSize.Bytes);
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

    private static ulong Free(ChainedPages parent, PagemapEntry entry, Dictionary<ChainedPages, Fd> pagesFiles)
    {
        ulong freed = 0;
        for (ulong done = 0, pages; done < entry.NrPages; done += pages)
        {
            pages = parent.Locate(entry.Vaddr + PageSize.BytesOf(done), entry.NrPages - done, out var source);
            if (source.Round is not { } round)
                continue;
            if (!pagesFiles.TryGetValue(round, out var file))
                pagesFiles.Add(round, file = OpenForUpdate(round));
            file.PunchHole(source.Offset, PageSize.BytesOf(pages));
            freed += pages;
        }
        return freed;
    }

    private static Fd OpenForUpdate(ChainedPages round) =>
        round.Directory.Descriptor.TryOpenForUpdate(round.PagesName, out string? problem)
            ?? throw new ImageException(round.Directory.PathOf(round.PagesName), problem!);
}
