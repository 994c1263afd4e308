using System.Buffers.Binary;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Protocol;

/// <summary>Finds out how long a server's messages are, and whether it is one of ours, by a question whose answer from CRIU's
/// does not matter.</summary>
internal static class LayoutProbe
{
    private static readonly TimeSpan s_leastQuiet = TimeSpan.FromMilliseconds(100);

    /// <summary>Asks.</summary>
    /// <param name="peer">The server, which has not been sent anything yet.</param>
    /// <param name="id">What the question asks for.</param>
    /// <param name="took">How long connecting took: a measure of the link's delay.</param>
    /// <exception cref="PeerException">There was no answer.</exception>
    public static (MessageLayout Layout, bool IsOurs) Ask(Peer peer, PagesId id, TimeSpan took) => peer.IsTls
        ? AskByTls(peer, id)
        : AskPlain(peer, id, quiet: TimeSpan.FromTicks(Math.Max(s_leastQuiet.Ticks, 4 * took.Ticks)));

    // In the old layout first. A server of the old layout answers at once; one of the new layout waits for eight bytes more: with
    // the id in them it is a question in the new layout, too.
    private static (MessageLayout Layout, bool IsOurs) AskPlain(Peer peer, PagesId id, TimeSpan quiet)
    {
        peer.Send(Question(id), MessageLayout.Bytes24);
        var layout = MessageLayout.Bytes24;
        if (!peer.IsReadable(quiet))
        {
            Span<byte> rest = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(rest, id.DstId);
            peer.Send(rest);
            layout = MessageLayout.Bytes32;
        }
        return (layout, Negotiation.IsOurs(peer.ReadAnswer()));
    }

    // With TLS a server takes a message from a single record, so only one layout can be tried. An old server refuses the second
    // question.
    private static (MessageLayout Layout, bool IsOurs) AskByTls(Peer peer, PagesId id)
    {
        try
        {
            bool isOurs = false;
            for (int time = 0; time < 2; time++)
            {
                peer.Send(Question(id), MessageLayout.Bytes32);
                isOurs = Negotiation.IsOurs(peer.ReadAnswer());
            }
            return (MessageLayout.Bytes32, isOurs);
        }
        catch (PeerException e)
        {
            throw new PeerException($"{e.Message}: if it is a criu before 4.2, its messages have 24 bytes, which can't be "
                + "detected over TLS: set that length", ServerInput.MessageLayout);
        }
    }

    private static PageServerMessage Question(PagesId id) => Negotiation.Question(id, Features.None);
}
