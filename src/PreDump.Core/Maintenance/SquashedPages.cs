using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Maintenance;

/// <summary>Writes the pagemaps of the last round of a chain, of tasks and of shared memory, and their pages, so that they need
/// no parent:
/// <code>
///   3/pagemap-7.img                                          new pagemap-7.img and pages-1.img
///     A  present           3/pages-1.img ------------------>   A  present
///     B  in parent         2/pages-1.img ------------------>   B  present
///     C  in parent, lazy   1/pages-1.img ------------------>   C  present, lazy
/// </code>
/// Each file keeps its name.</summary>
/// <param name="chain">The chain.</param>
/// <param name="to">The directory for the new images.</param>
/// <param name="cancel">Ends it early.</param>
internal sealed class SquashedPages(ImageChain chain, DirectoryFd to, CancellationToken cancel) : IDisposable
{
    private readonly PieceBuffers _buffers = new();
    private readonly TaskImageWriter _writer = new();
    private readonly HashSet<ImageDirectory> _ofLast = [.. chain.Take(chain.PartsOfLast)];

    /// <summary>The pages of all pagemaps written.</summary>
    public ulong Pages { get; private set; }

    /// <summary>Those of them that came from earlier rounds.</summary>
    public ulong FromParents { get; private set; }

    /// <summary>Writes the images of one pagemap.</summary>
    /// <param name="name">The pagemap's file name.</param>
    /// <param name="looksLikeOld">Whether the new files get the owner and the mode of the old ones.</param>
    /// <exception cref="ImageException">An image is damaged.</exception>
    /// <exception cref="LinuxException">The new ones can't be written.</exception>
    public void Write(string name, bool looksLikeOld)
    {
        using var pagemap = PagemapReader.Open(chain[0], name, PageSize.Bytes);
        using var chained = ChainedPages.TryOpen(chain, name, PageSize.Bytes) ?? throw Changed(name);
        var map = to.CreatePrivate(name);
        var file = to.CreatePrivate(chained.PagesName);
        if (looksLikeOld)
        {
            MakeLookLike(map, name);
            MakeLookLike(file, chained.PagesName);
        }
        var pages = new PagesFile(file, allocatesAhead: false); // because old holes must stay holes
        _writer.Begin(map, pages, pagemap.PagesId);
        using var copier = new PieceCopier(pages, file, _buffers);
        while (pagemap.TryRead(out var entry))
        {
            var place = entry.Flags & (PageFlags.Present | PageFlags.Parent);
            if (place != 0)
                Copy(chained, entry, copier, name);
            Pages += place != 0 ? entry.NrPages : 0;
            _writer.Add(entry with { Flags = (entry.Flags & ~PageFlags.Parent) | (place != 0 ? PageFlags.Present : 0) });
        }
        copier.End();
        _writer.End();
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private void Copy(ChainedPages chained, PagemapEntry entry, PieceCopier copier, string name)
    {
        for (ulong done = 0, pages; done < entry.NrPages; done += pages)
        {
            cancel.ThrowIfCancellationRequested();
            pages = chained.Locate(entry.Vaddr + PageSize.BytesOf(done), entry.NrPages - done, out var source);
            var round = source.Round ?? throw Changed(name);
            copier.Append(round, source.Offset, PageSize.BytesOf(pages));
            FromParents += _ofLast.Contains(round.Directory) ? 0 : pages;
        }
    }

    private void MakeLookLike(Fd file, string name)
    {
        using var old = chain[0].OpenImage(name);
        file.LookLike(old);
    }

    // The chain was checked before.
    private ImageException Changed(string name) =>
        new(chain[0].PathOf(name), "the chain has changed while it was read: nothing was squashed");
}
