using System.Buffers.Binary;
using System.Diagnostics;
using PreDump.Core;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>What a session was, for the summary. Counts are in pages.</summary>
public sealed record SessionResult(FinishedRound Round, string Peer, int Tasks, ulong Pages, ulong PagesInParent, TimeSpan Time);

/// <summary>One peer's messages, from its first to its CLOSE. Nothing that it sends is trusted.</summary>
/// <param name="peer">Who sends.</param>
/// <param name="begin">Called once its first message makes sense; says where the images go.</param>
/// <param name="patience">How long it may be silent inside a message.</param>
/// <param name="observer">Told of what is odd.</param>
public sealed class Session(Peer peer, Func<IRound> begin, TimeSpan patience, IObserver observer) : IDisposable
{
    // A dump does other things between its messages: it freezes, and collects what is no memory.
    private const int PausesOfPatience = 60;

    private readonly Inbox _inbox = new(peer);
    private readonly long _start = Stopwatch.GetTimestamp();
    private MessageLayout _layout;
    private ulong _firstId;
    private IRound? _round;
    private PagesId? _open;
    private ParentCoverage? _parent; // of what is open
    private ulong _end; // of the last run, in bytes
    private int _tasks;
    private ulong _pages, _pagesInParent;
    private bool _hasHoles;

    /// <summary>Goes through the session until its images are whole and in their place, and the peer knows.</summary>
    /// <exception cref="PeerException">The peer hung up before, was silent for too long, or sent what makes no sense.</exception>
    public SessionResult Run()
    {
        ReadLayout();
        while (true)
        {
            var message = ReadMessage();
            _round ??= Begin(message);
            switch (message.Command)
            {
                case PageServerCommandCode.Parent:
                    AnswerParent(IdOf(message));
                    break;
                case PageServerCommandCode.Open:
                    Open(IdOf(message));
                    break;
                case PageServerCommandCode.Open2:
                    Open(IdOf(message));
                    peer.Send([(byte)(_parent is null ? 0 : 1)]);
                    break;
                case PageServerCommandCode.Add:
                    Add(message, PageFlags.Present);
                    break;
                case PageServerCommandCode.Hole:
                    Add(message, PageFlags.Parent);
                    break;
                case PageServerCommandCode.AddFlags:
                    Add(message, message.Flags);
                    break;
                case PageServerCommandCode.Close or PageServerCommandCode.ForceClose:
                    return Finish(_round);
                case PageServerCommandCode.Get:
                    throw Refused("asks for lazy pages, which this page server does not give");
                default:
                    throw Refused($"sent a command that is none (0x{(ushort)message.Command:x})");
            }
        }
    }

    /// <summary>After <see cref="Run"/>: waits until the peer has hung up, too, unless that takes too long.</summary>
    public void SeeOff()
    {
        try
        {
            peer.EndSending();
            peer.Patience = patience;
            if (peer.Read(stackalloc byte[1]) != 0)
                observer.Warn($"{peer.Name} sent something behind its last message: it is not looked at");
        }
        catch (PeerException e)
        {
            observer.Detail($"{e.Message}: no matter, its images are whole");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parent?.Dispose();
        _round?.Dispose();
        _inbox.Dispose();
    }

    private void ReadLayout()
    {
        peer.Patience = patience;
        var first = _inbox.Peek((int)MessageLayout.Bytes24);
        if (first.IsEmpty)
            throw new PeerException($"{peer.Name} hung up without a word");
        _layout = PageServerMessage.LayoutOf(first);
        _firstId = _layout == MessageLayout.Bytes24 ? PageServerMessage.Read(first, _layout).DstId : 0;
    }

    private PageServerMessage ReadMessage()
    {
        if (_inbox.IsEmpty)
            WaitForMessage();
        RefitLayout();
        var bytes = _inbox.Peek((int)_layout);
        if (bytes.IsEmpty)
            throw Refused("hung up without having said that all is sent (CLOSE): what it sent is thrown away");
        var message = PageServerMessage.Read(bytes, _layout);
        _inbox.Skip((int)_layout);
        return message;
    }

    private void WaitForMessage()
    {
        if (_round is null)
            return;
        peer.Patience = patience == Timeout.InfiniteTimeSpan ? patience : patience * PausesOfPatience;
        _inbox.Peek(1);
        peer.Patience = patience;
    }

    // A client that finds out which layout we speak asks in the old one, waits for a moment, and makes a question in the new one of
    // it by eight bytes more, which say the id again. If we were slow our answer crossed these, and the new layout is agreed upon.
    // No message of the old one that may come here begins with an id.
    private void RefitLayout()
    {
        if (_firstId == 0 || _round is null)
            return;
        var next = _inbox.Peek(sizeof(ulong));
        if (next.IsEmpty)
            return;
        if (BinaryPrimitives.ReadUInt64LittleEndian(next) == _firstId && _layout == MessageLayout.Bytes24)
        {
            _inbox.Skip(sizeof(ulong));
            _layout = MessageLayout.Bytes32;
        }
        _firstId = 0;
        if (_inbox.IsEmpty)
            WaitForMessage();
    }

    private IRound Begin(PageServerMessage message)
    {
        if (message.Command is not (PageServerCommandCode.Parent or PageServerCommandCode.Open or PageServerCommandCode.Open2 or PageServerCommandCode.Close
            or PageServerCommandCode.ForceClose))
            throw Refused("is no client of a page server: its first message makes no sense");
        if (message.Command is not (PageServerCommandCode.Close or PageServerCommandCode.ForceClose))
            _ = IdOf(message);
        return begin();
    }

    private PagesId IdOf(PageServerMessage message) =>
        PagesId.TryFrom(message.DstId) ?? throw Refused($"named pages that nobody has (id 0x{message.DstId:x})");

    private void AnswerParent(PagesId id)
    {
        using var parent = OpenParent(id);
        Span<byte> answer = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(answer, parent is null ? 0 : 1);
        peer.Send(answer);
    }

    private ParentCoverage? OpenParent(PagesId id)
    {
        if (_round!.ParentWith(id.FileName) is not { } directory)
            return null;
        try
        {
            return ParentCoverage.TryOpen(directory, id.FileName, PageSize.Bytes);
        }
        catch (ImageException e)
        {
            observer.Warn($"the parent can't be used for {peer.Name}, which is asked for all of this memory: {e.Message}");
            return null;
        }
    }

    private void Open(PagesId id)
    {
        CloseOpen();
        try
        {
            _round!.Images.Open(id);
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
            throw Refused($"sent {id.FileName} twice");
        }
        (_open, _end, _parent) = (id, 0, OpenParent(id));
        _tasks += id.Kind == PagesId.Task ? 1 : 0;
    }

    private void Add(PageServerMessage message, PageFlags flags)
    {
        if (_open is not { } open || PagesId.TryFrom(message.DstId) != open)
            throw Refused($"sent pages of id 0x{message.DstId:x}, which is not open");
        var entry = new PagemapEntry(message.Address, message.Pages, flags);
        if (PagemapRules.WhyRefused(entry, _end, PageSize.Ulong) is { } reason)
            throw Refused($"sent for {open.FileName} an {reason.TrimEnd(',')}");
        if (entry.NrPages > uint.MaxValue)
            throw Refused($"sent for {open.FileName} an entry of {entry.NrPages} pages, more than CRIU before 4.2 can read");
        _end = entry.Vaddr + PageSize.BytesOf(entry.NrPages);
        if (flags.HasFlag(PageFlags.Parent))
            AddHole(open, entry);
        _round!.Images.Add(entry);
        if (!flags.HasFlag(PageFlags.Present))
            return;
        for (ulong left = entry.NrPages; left > 0;)
        {
            var pages = _inbox.TakePages(left);
            _round.Images.Write(pages);
            left -= (ulong)(pages.Length / PageSize.Bytes);
        }
        _pages += entry.NrPages;
    }

    private void AddHole(PagesId open, PagemapEntry entry)
    {
        _hasHoles = true;
        for (ulong done = 0; done < entry.NrPages;)
        {
            ulong vaddr = entry.Vaddr + PageSize.BytesOf(done);
            bool inParent = false;
            done += _parent?.Covered(vaddr, entry.NrPages - done, out inParent) ?? 1;
            if (!inParent)
                throw Refused($"left pages of {open.FileName} at 0x{vaddr:x} to the parent, " + (_parent is null ? "and there is none" : "which does not have them"));
        }
        _pagesInParent += entry.NrPages;
    }

    private void CloseOpen()
    {
        _parent?.Dispose();
        _parent = null;
        if (_open is not null)
            _round!.Images.Close();
        _open = null;
    }

    private SessionResult Finish(IRound round)
    {
        Span<byte> status = stackalloc byte[sizeof(int)];
        FinishedRound finished;
        try
        {
            CloseOpen();
            finished = round.Finish(_hasHoles);
        }
        catch
        {
            status.Fill(0xff); // -1
            TrySend(status);
            throw;
        }
        TrySend(status);
        return new SessionResult(finished, peer.Name, _tasks, _pages, _pagesInParent, Stopwatch.GetElapsedTime(_start));
    }

    private void TrySend(ReadOnlySpan<byte> status)
    {
        try
        {
            peer.Send(status);
        }
        catch (PeerException e)
        {
            observer.Warn($"{e.Message}: it does not know what became of its images");
        }
    }

    private PeerException Refused(string what) => new($"{peer.Name} {what}");
}
