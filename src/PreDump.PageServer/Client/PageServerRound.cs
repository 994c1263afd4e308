using PreDump.Core.Parents;
using PreDump.Core.Rounds;
using PreDump.Core.Sinks;
using PreDump.Linux;

namespace PreDump.PageServer.Client;

/// <summary>A round whose pages go to a page server, and whose parent's pages are there.</summary>
/// <param name="client">The connection.</param>
/// <param name="tree">The root of the tree.</param>
public sealed class PageServerRound(PageServerClient client, TreeRoot tree) : IRemoteRound
{
    /// <inheritdoc/>
    public string Name => client.Name;

    /// <inheritdoc/>
    public long BytesSent => client.BytesSent;

    /// <inheritdoc/>
    public IPageSink Sink { get; } = new PageServerSink(client);

    /// <inheritdoc/>
    public IParentIndex OpenParent() => new PageServerParentIndex(client, tree);
}
