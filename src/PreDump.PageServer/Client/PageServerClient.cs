using System.Buffers.Binary;
using PreDump.Core;
using PreDump.Images;
using PreDump.PageServer.Protocol;
using PreDump.PageServer.Security;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Client;

/// <summary>A conversation with a page server, CRIU's or ours: questions before the freeze, then images, one after another, then
/// the server's word that everything is written. Its members are called by one thread at a time; only cancelling comes from
/// any.</summary>
public sealed class PageServerClient : IDisposable
{
    // Questions that are under way at the same time.
    private const int MostAsked = 256;

    private readonly IWire _wire;
    private readonly MessageLayout _layout;
    private readonly bool _isInherited;
    private readonly Queue<PagesId> _opened = new(); // whose answer has not been read yet
    private readonly HashSet<PagesId> _withHoles = [];
    private PagesId _current;
    private bool _openIsUnsent;

    private PageServerClient(string name, IWire wire, MessageLayout layout, bool isInherited) =>
        (Name, _wire, _layout, _isInherited) = (name, wire, layout, isInherited);

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
        var connected = ServerConnection.Open(options, cancel);
        var peer = connected.Talk(options, tls);
        try
        {
            using var early = cancel.Register(peer.BreakOff);
            // Who gives the layout knows the server: it is asked only for what has to be.
            var (layout, isOurs) = options.Layout is { } given ? (given, options.WantsOurs)
                : LayoutProbe.Ask(peer, first, connected.Took);
            observer.Detail($"{peer.Name}: messages of {(int)layout} bytes");
            var wire = new WireChoice(options, tls, observer, cancel).Make(peer, layout, first, isOurs);
            cancel.Register(wire.BreakOff);
            return new PageServerClient(peer.Name, wire, layout, isInherited: options.Socket is not null)
            {
                HasCompared = hasCompared,
            };
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
    public string Name { get; }

    /// <summary>Bytes that were sent so far, over the network.</summary>
    public long BytesSent => _wire.BytesSent;

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
                if (ReadAnswer() > 0)
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
            _wire.Send(heads[..(count * headBytes)], headBytes, pages[..bytes], parts[..count]);
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
        {
            _wire.ReadAnswer(hasParent);
            if (hasParent[0] == 0 && _withHoles.Contains(id))
                throw new PeerException($"{Name} no longer has a parent for {id.FileName}: the pages left to it are lost");
        }
        if (ReadAnswer() is not 0 and var status)
            throw new PeerException($"{Name} could not write the images (status {status}): see its log");
        _wire.End();
    }

    /// <inheritdoc/>
    public void Dispose() => _wire.Dispose();

    private PageServerMessage OpenCurrent => HasCompared ? PageServerMessage.OpenCompared(_current.DstId)
        : new(PageServerCommandCode.Open2, _current.DstId);

    // Of images that have no pages.
    private void SendOpen()
    {
        if (_openIsUnsent)
            Send(OpenCurrent);
        _openIsUnsent = false;
    }

    private int ReadAnswer()
    {
        Span<byte> answer = stackalloc byte[sizeof(int)];
        _wire.ReadAnswer(answer);
        return BinaryPrimitives.ReadInt32LittleEndian(answer);
    }

    private void Send(PageServerMessage message)
    {
        Span<byte> bytes = stackalloc byte[PageServerMessage.MaxBytes];
        bytes = bytes[..message.Write(bytes, _layout)];
        _wire.Send(bytes, bytes.Length, default, [0]);
    }
}
