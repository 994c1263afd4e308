using System.Net.Security;
using PreDump.Core;
using PreDump.PageServer.Protocol;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Client;

/// <summary>What a client and a server agree upon, beyond CRIU's protocol.</summary>
/// <param name="options">What is wanted.</param>
/// <param name="tls">How connections are made TLS ones; null: plain.</param>
/// <param name="observer">Notified of what the server can't do, and of connections that drop.</param>
/// <param name="cancel">Ends attempts to connect.</param>
internal sealed class WireChoice(
    PageServerOptions options, Func<Stream, SslStream>? tls, IObserver observer, CancellationToken cancel)
{
    /// <summary>Agrees with the server.</summary>
    /// <param name="peer">The connection; it belongs to what is returned.</param>
    /// <param name="layout">The length of the server's messages.</param>
    /// <param name="first">What CRIU would take the question to be about.</param>
    /// <param name="isOurs">Whether the server is one of ours.</param>
    public IWire Make(Peer peer, MessageLayout layout, PagesId first, bool isOurs)
    {
        var wishes = (options.Compression == CompressionMode.Off ? Features.None : Features.Frames)
            | (options.WantsStreams ? Features.Streams : Features.None);
        var granted = isOurs && wishes != Features.None ? Ask(peer, layout, first, wishes) : Features.None;
        if (granted.HasFlag(Features.Streams))
            return Streams(peer);
        if (options.WantsStreams)
            observer.Warn($"{peer.Name} takes a single connection that must not drop (it is criu's, or an older one of ours)",
                options.Streams > 1 ? ServerInput.Streams : ServerInput.Retry);
        if (granted.HasFlag(Features.Frames))
            return new PlainWire(peer) { Frames = new FrameWriter(peer, options.Compression) };
        if (options.Compression == CompressionMode.On)
            observer.Warn($"{peer.Name} does not take compressed pages (it is criu's, or an older one of ours): they are sent as "
                + "they are", ServerInput.Compression);
        return new PlainWire(peer);
    }

    private Features Ask(Peer peer, MessageLayout layout, PagesId first, Features wishes)
    {
        peer.Send(Negotiation.Question(first, wishes, options.Retry), layout);
        return Negotiation.GrantedIn(peer.ReadAnswer(), wishes);
    }

    private SentStreams Streams(Peer first)
    {
        Span<byte> token = stackalloc byte[StreamToken.Bytes];
        first.ReadAnswer(token);
        var round = StreamToken.Read(token);
        var same = options with { Address = first.Address ?? options.Address }; // a name may be that of several servers
        return new SentStreams(first, new StreamOptions(options.Streams, options.Retry, options.Timeout, options.Compression),
            () => Join(same, first.Name, round), observer);
    }

    private Peer? Join(PageServerOptions server, string name, StreamToken round)
    {
        var peer = (ServerConnection.Open(server, cancel) with { Name = name }).Talk(server, tls);
        try
        {
            using var early = cancel.Register(peer.BreakOff);
            peer.Send(Negotiation.Join(round), MessageLayout.Bytes24);
            if (Negotiation.GrantedIn(peer.ReadAnswer(), Features.Join) == Features.Join)
                return peer;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
        peer.Dispose();
        return null;
    }
}
