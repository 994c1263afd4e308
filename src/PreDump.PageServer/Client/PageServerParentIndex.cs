using PreDump.Core.Parents;
using PreDump.Images;
using PreDump.Linux;
using PreDump.PageServer.Protocol;

namespace PreDump.PageServer.Client;

/// <summary>The pagemaps of the previous round, on a page server, which only says whether it has one. The previous round copied
/// every page that was there, or left it to its own parent, so a clean page is in the parent; the server checks each one that is
/// left to it.</summary>
public sealed class PageServerParentIndex : IParentIndex
{
    private readonly PageServerClient _server;
    private readonly HashSet<PagesId> _there;

    /// <summary>Asks for all tasks that the tree has now: the freeze must not wait for the network. Tasks that are made later are
    /// new.</summary>
    public PageServerParentIndex(PageServerClient server, TreeRoot root)
    {
        _server = server;
        using var tree = new ProcessTree(root);
        tree.Scan((_, _) => { });
        _there = server.AskParent([.. tree.Tasks.Select(task => Id(task.ImagePid)).Distinct()]);
    }

    /// <inheritdoc/>
    public string Where => $"{_server.Name} (its parent)";

    /// <inheritdoc/>
    public string Advice => "give the server a parent of its own: the directory with the pages of this tree's last round";

    /// <inheritdoc/>
    public bool Has(int imagePid) => _there.Contains(Id(imagePid));

    /// <inheritdoc/>
    public IParentCoverage? Open(int imagePid) => Has(imagePid) ? new Everything() : null;

    /// <summary>None: the protocol fetches no pages.</summary>
    public ChainedPages? OpenPages(string pagemap) => null;

    /// <inheritdoc/>
    public void Dispose()
    {
        // The connection is the client's.
    }

    private static PagesId Id(int imagePid) => PagesId.OfTask(imagePid);

    private sealed class Everything : IParentCoverage
    {
        public ulong Covered(ulong vaddr, ulong nrPages, out bool inParent)
        {
            inParent = true;
            return nrPages;
        }

        public void Dispose()
        {
        }
    }
}
