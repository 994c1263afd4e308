using PreDump.Core;
using PreDump.Images;

namespace PreDump.PageServer;

/// <summary>A conversation with a page server, CRIU's or ours: questions before the freeze, then images, one after another, then
/// the server's word that everything is written. Its members are called by one thread at a time; only cancelling comes from
/// any.</summary>
public sealed class PageServerClient : IDisposable
{
    // Questions that are under way at the same time.
    private const int MostAsked = 256;

    private readonly Peer _peer;
    private readonly MessageLayout _layout;
    private readonly bool _isInherited;
    private FrameWriter? _frames; // null: the server is criu's, or nothing is asked of it that criu's can't do
    private readonly Queue<PagesId> _opened = new(); // whose answer has not been read yet
    private readonly HashSet<PagesId> _withHoles = [];
    private PagesId _current;
    private bool _openIsUnsent;

    private PageServerClient(Peer peer, MessageLayout layout, bool isInherited) =>
        (_peer, _layout, _isInherited) = (peer, layout, isInherited);

    /// <summary>Connects, and finds out how long the server's messages are.</summary>
    /// <param name="options">Where the server is, and how long it may be silent.</param>
    /// <param name="first">For which the first question asks.</param>
    /// <param name="observer">Notified of the layout.</param>
    /// <param name="cancel">Ends the connection, now or later.</param>
    /// <param name="hasCompared">See <see cref="HasCompared"/>.</param>
    /// <exception cref="PreDumpException">It can't be reached, or does not answer.</exception>
    public static PageServerClient Connect(PageServerOptions options, PagesId first, IObserver observer, CancellationToken cancel,
        bool hasCompared = false)
    {
        var tls = Tls.Client(options.Tls, options.Address);
        var (socket, name, took) = ServerConnection.Open(options, cancel);
        var peer = new Peer(socket, name, options.Timeout, tls, isShared: options.Socket is not null);
        try
        {
            cancel.Register(peer.BreakOff);
            // Who gives the layout knows the server: it is asked only for what has to be.
            var (layout, isOurs) = options.Layout is { } given ? (given, options.Compression == CompressionMode.On)
                : LayoutProbe.Ask(peer, first, took);
            observer.Detail($"{name}: messages of {(int)layout} bytes");
            var client = new PageServerClient(peer, layout, isInherited: options.Socket is not null)
            {
                HasCompared = hasCompared,
            };
            client.Negotiate(first, isOurs, options.Compression, observer);
            return client;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    /// <summary>Whether pages that are left to the server's parent were compared with one that is the same.</summary>
    public bool HasCompared { get; init; }

    /// <summary>The server, for messages.</summary>
    public string Name => _peer.Name;

    /// <summary>Bytes that were sent so far, over the network.</summary>
    public long BytesSent => _peer.BytesSent;

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
                if (_peer.ReadAnswer() > 0)
                    there.Add(id);
        }
        return there;
    }

    /// <summary>Begins the images of an id: with the first of its pages, since a message alone would wake the server for nothing.
    /// The answer is read later: it need not be waited for.</summary>
    public void Open(PagesId id)
    {
        SendOpen();
        _opened.Enqueue(_current = id);
        _openIsUnsent = true;
    }

    /// <summary>Sends runs of the images that were opened last.</summary>
    /// <param name="runs">Ascending.</param>
    /// <param name="pages">The bytes of the runs that are present, one after another.</param>
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
                new PageServerMessage(PageServerCommandCode.AddFlags, flags, number, address, _current.DstId)
                    .Write(heads[(count * headBytes)..], _layout);
                parts[count] = flags.HasFlag(PageFlags.Present) ? (int)number * pageBytes : 0;
                bytes += parts[count++];
                if (flags.HasFlag(PageFlags.Parent))
                    _withHoles.Add(_current);
            }
            Send(heads[..(count * headBytes)], headBytes, pages[..bytes], parts[..count]);
            pages = pages[bytes..];
        }
    }

    /// <summary>Ends the conversation; returns when the server has said that everything is written.</summary>
    /// <exception cref="PreDumpException">It could not write everything, or it hung up.</exception>
    public void Close()
    {
        SendOpen();
        Send(new PageServerMessage(_isInherited ? PageServerCommandCode.ForceClose : PageServerCommandCode.Close));
        Span<byte> hasParent = stackalloc byte[1];
        while (_opened.TryDequeue(out var id))
            if (!_peer.TryReadExactly(hasParent))
                throw _peer.HungUp();
            else if (hasParent[0] == 0 && _withHoles.Contains(id))
                throw new PeerException($"{Name} no longer has a parent for {id.FileName}: the pages left to it are lost");
        if (_peer.ReadAnswer() is not 0 and var status)
            throw new PeerException($"{Name} could not write the images (status {status}): see its log");
        _peer.EndSending();
    }

    /// <inheritdoc/>
    public void Dispose() => _peer.Dispose();

    private PageServerMessage OpenCurrent => HasCompared ? PageServerMessage.OpenCompared(_current.DstId)
        : new(PageServerCommandCode.Open2, _current.DstId);

    // Of images that have no pages.
    private void SendOpen()
    {
        if (_openIsUnsent)
            Send(OpenCurrent);
        _openIsUnsent = false;
    }

    private void Negotiate(PagesId first, bool isOurs, CompressionMode compression, IObserver observer)
    {
        if (compression == CompressionMode.Off)
            return;
        var granted = Features.None;
        if (isOurs)
        {
            _peer.Send(Negotiation.Question(first, Features.Frames), _layout);
            granted = Negotiation.GrantedIn(_peer.ReadAnswer(), Features.Frames);
        }
        if (granted.HasFlag(Features.Frames))
            _frames = new FrameWriter(_peer, compression);
        else if (compression == CompressionMode.On)
            observer.Warn($"{Name} does not take compressed pages (it is criu's, or an older one of ours): they are sent as they "
                + "are", ServerInput.Compression);
    }

    private void Send(PageServerMessage message)
    {
        Span<byte> bytes = stackalloc byte[PageServerMessage.MaxBytes];
        bytes = bytes[..message.Write(bytes, _layout)];
        Send(bytes, bytes.Length, default, [0]);
    }

    private void Send(ReadOnlySpan<byte> heads, int headBytes, ReadOnlySpan<byte> body, ReadOnlySpan<int> parts)
    {
        if (_frames is { } frames)
            frames.Send(heads, headBytes, body, parts);
        else
            _peer.Send(default, heads, headBytes, body, parts);
    }
}
