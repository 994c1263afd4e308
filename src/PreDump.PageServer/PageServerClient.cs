using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using PreDump.Core;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>A conversation with a page server, CRIU's or ours: questions before the freeze, then images, one after the other, then the
/// server's word that all is written.</summary>
public sealed class PageServerClient : IDisposable
{
    // Questions that are on their way at once.
    private const int MostAsked = 256;

    private static readonly TimeSpan s_leastQuiet = TimeSpan.FromMilliseconds(100), s_look = TimeSpan.FromMilliseconds(100);

    private readonly Peer _peer;
    private readonly MessageLayout _layout;
    private readonly bool _isInherited;
    private readonly Queue<PagesId> _opened = new(); // whose answer has not been read yet
    private readonly HashSet<PagesId> _withHoles = [];
    private readonly byte[] _message = new byte[PageServerMessage.MaxBytes];
    private PagesId _current;
    private bool _openIsUnsent;

    private PageServerClient(Peer peer, MessageLayout layout, bool isInherited) => (_peer, _layout, _isInherited) = (peer, layout, isInherited);

    /// <summary>Connects, and finds out how long the server's messages are.</summary>
    /// <param name="options">Where it is, and how patient we are.</param>
    /// <param name="tree">The tree's root, for which the first question asks.</param>
    /// <param name="cancel">Breaks the connection off, now or later.</param>
    /// <param name="observer">Told what was found.</param>
    /// <exception cref="PreDumpException">It can't be reached, or does not answer.</exception>
    public static PageServerClient Connect(PageServerOptions options, TreeRoot tree, CancellationToken cancel, IObserver observer)
    {
        var first = new PagesId(PagesId.Task, (ulong)tree.ImagePid);
        var tls = Tls.Client(options.Tls, options.Address);
        var (socket, name, took) = options.Socket is { } fd ? Inherited(fd) : Connected(options, cancel);
        var peer = new Peer(socket, name, options.Timeout, tls);
        try
        {
            cancel.Register(peer.BreakOff);
            var layout = options.Layout ?? (peer.IsTls ? AskByTls(peer, first) : Ask(peer, first, TimeSpan.FromTicks(Math.Max(s_leastQuiet.Ticks, 4 * took.Ticks))));
            observer.Detail($"{name}: messages of {(int)layout} bytes");
            return new PageServerClient(peer, layout, isInherited: options.Socket is not null);
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    /// <summary>The server, for messages.</summary>
    public string Name => _peer.Name;

    /// <summary>Asks which of these images the server's parent has.</summary>
    public HashSet<PagesId> AskParent(IReadOnlyList<PagesId> ids)
    {
        var there = new HashSet<PagesId>();
        for (int from = 0; from < ids.Count; from += MostAsked)
        {
            var some = ids.Skip(from).Take(MostAsked).ToArray();
            foreach (var id in some)
                Send(new PageServerMessage(PageServerCommandCode.Parent, id.DstId));
            foreach (var id in some)
                if (ReadAnswer(_peer) > 0)
                    there.Add(id);
        }
        return there;
    }

    /// <summary>Begins the images of an id: with the first of its pages, since a message alone would wake the server for nothing. The
    /// answer is read later: it need not be waited for.</summary>
    public void Open(PagesId id)
    {
        SendOpen();
        _opened.Enqueue(_current = id);
        _openIsUnsent = true;
    }

    /// <summary>Sends runs of the images that were opened last.</summary>
    /// <param name="runs">Ascending.</param>
    /// <param name="pages">The bytes of the present ones.</param>
    /// <param name="pageBytes">Bytes of a page.</param>
    public void Add(ReadOnlySpan<PagemapEntry> runs, ReadOnlySpan<byte> pages, int pageBytes)
    {
        const int AtOnce = 256;
        int headBytes = (int)_layout;
        Span<byte> heads = stackalloc byte[(AtOnce + 1) * PageServerMessage.MaxBytes];
        Span<int> parts = stackalloc int[AtOnce + 1];
        for (; !runs.IsEmpty; runs = runs[Math.Min(AtOnce, runs.Length)..])
        {
            int count = 0, bytes = 0;
            if (_openIsUnsent)
            {
                OpenCurrent.Write(heads, _layout);
                parts[count++] = 0;
                _openIsUnsent = false;
            }
            foreach (var (address, number, flags) in runs[..Math.Min(AtOnce, runs.Length)])
            {
                new PageServerMessage(PageServerCommandCode.AddFlags, flags, number, address, _current.DstId).Write(heads[(count * headBytes)..], _layout);
                parts[count] = flags.HasFlag(PageFlags.Present) ? (int)number * pageBytes : 0;
                bytes += parts[count++];
                if (flags.HasFlag(PageFlags.Parent))
                    _withHoles.Add(_current);
            }
            _peer.Send(heads[..(count * headBytes)], headBytes, pages[..bytes], parts[..count]);
            pages = pages[bytes..];
        }
    }

    /// <summary>Ends the conversation: returns when the server has said that all is written.</summary>
    /// <exception cref="PreDumpException">It is not.</exception>
    public void Close()
    {
        SendOpen();
        Send(new PageServerMessage(_isInherited ? PageServerCommandCode.ForceClose : PageServerCommandCode.Close));
        Span<byte> hasParent = stackalloc byte[1];
        while (_opened.TryDequeue(out var id))
            if (!_peer.TryReadExactly(hasParent))
                throw HungUp(_peer);
            else if (hasParent[0] == 0 && _withHoles.Contains(id))
                throw new PeerException($"{Name} has no parent for {id.FileName} any more, though it said it had: the pages left to it are lost");
        if (ReadAnswer(_peer) is not 0 and var status)
            throw new PeerException($"{Name} could not write the images (status {status}): see its log");
        _peer.EndSending();
    }

    /// <inheritdoc/>
    public void Dispose() => _peer.Dispose();

    private PageServerMessage OpenCurrent => new(PageServerCommandCode.Open2, _current.DstId);

    // Of images that have no pages.
    private void SendOpen()
    {
        if (_openIsUnsent)
            Send(OpenCurrent);
        _openIsUnsent = false;
    }

    private void Send(PageServerMessage message) => Send(_peer, message, _message, _layout);

    private static void Send(Peer peer, PageServerMessage message, Span<byte> buffer, MessageLayout layout) =>
        peer.Send(buffer[..message.Write(buffer, layout)]);

    // In the old layout first. A server of the old one answers at once; one of the new one waits for eight bytes more: with the id in
    // them it is a question in the new layout, too.
    private static MessageLayout Ask(Peer peer, PagesId id, TimeSpan quiet)
    {
        Span<byte> message = stackalloc byte[PageServerMessage.MaxBytes];
        Send(peer, new PageServerMessage(PageServerCommandCode.Parent, id.DstId), message, MessageLayout.Bytes24);
        var layout = MessageLayout.Bytes24;
        if (!peer.IsReadable(quiet))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(message, id.DstId);
            peer.Send(message[..sizeof(ulong)]);
            layout = MessageLayout.Bytes32;
        }
        _ = ReadAnswer(peer);
        return layout;
    }

    // A server by TLS takes a message from one record alone, so only one layout can be tried. An old server stumbles at the second.
    private static MessageLayout AskByTls(Peer peer, PagesId id)
    {
        Span<byte> message = stackalloc byte[PageServerMessage.MaxBytes];
        try
        {
            for (int time = 0; time < 2; time++)
            {
                Send(peer, new PageServerMessage(PageServerCommandCode.Parent, id.DstId), message, MessageLayout.Bytes32);
                _ = ReadAnswer(peer);
            }
            return MessageLayout.Bytes32;
        }
        catch (PeerException e)
        {
            throw new PeerException($"{e.Message}: if it is a criu before 4.2, its messages have 24 bytes, which can't be detected over TLS: "
                + "set that length", ServerInput.MessageLayout);
        }
    }

    private static int ReadAnswer(Peer peer)
    {
        Span<byte> answer = stackalloc byte[sizeof(int)];
        return peer.TryReadExactly(answer) ? BinaryPrimitives.ReadInt32LittleEndian(answer) : throw HungUp(peer);
    }

    private static PeerException HungUp(Peer peer) => new($"{peer.Name} hung up: its log tells why");

    private static (Socket, string, TimeSpan) Inherited(int fd) => (InheritedSocket.Take(fd), $"page server at descriptor {fd}", TimeSpan.Zero);

    // Each of the name's addresses, as criu does.
    private static (Socket, string, TimeSpan) Connected(PageServerOptions options, CancellationToken cancel)
    {
        string host = options.Address, name = $"page server {host}:{options.Port}";
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(host, out var literal) ? [literal] : Dns.GetHostAddresses(host);
        }
        catch (SocketException e)
        {
            throw new PreDumpException($"the page server's address {host} can't be resolved: {e.Message}", ServerInput.Address);
        }
        string reason = "no address";
        Input[] about = [ServerInput.Address, ServerInput.Port];
        foreach (var address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            long start = Stopwatch.GetTimestamp();
            try
            {
                if (TryConnect(socket, address, options, cancel))
                    return (socket, name, Stopwatch.GetElapsedTime(start));
                (reason, about) = ($"no answer for {options.Timeout.TotalSeconds:0.#} s", [TreeInput.Timeout]);
            }
            catch (SocketException e)
            {
                reason = e.Message;
            }
            catch (OperationCanceledException)
            {
                socket.Dispose();
                throw;
            }
            socket.Dispose();
        }
        throw new PreDumpException($"{name} can't be reached: {reason}", about);
    }

    // (ConnectAsync would leave the socket with the runtime's poller, which wakes a thread for each answer that comes.)
    private static bool TryConnect(Socket socket, IPAddress address, PageServerOptions options, CancellationToken cancel)
    {
        socket.Blocking = false;
        try
        {
            socket.Connect(address, options.Port);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
        }
        for (long start = Stopwatch.GetTimestamp(); !socket.Poll(s_look, SelectMode.SelectWrite);)
        {
            cancel.ThrowIfCancellationRequested();
            if (options.Timeout != Timeout.InfiniteTimeSpan && Stopwatch.GetElapsedTime(start) > options.Timeout)
                return false;
        }
        int error = (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        return error == 0 ? true : throw new SocketException(error);
    }
}
