using PreDump.Core;
using PreDump.Core.Parents;
using PreDump.Images;
using PreDump.Linux;
using PreDump.PageServer.Protocol;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Serving;

/// <summary>Checks the messages that bring images, one after another, and writes what they bring. Used by the session's thread
/// alone.</summary>
/// <param name="round">Where the images go; disposed with this.</param>
/// <param name="peer">The client.</param>
/// <param name="messages">Its messages, each followed by its pages.</param>
/// <param name="compares">Whether pages that the parent's chain has with the same bytes are left to it.</param>
/// <param name="observer">Notified of a parent that can't be used.</param>
internal sealed class SessionImages(IRound round, Peer peer, MessageReader messages, bool compares, IObserver observer)
    : IDisposable
{
    private readonly ComparedImages? _compared = compares ? new(observer) : null;
    private PagesId? _open;
    private ParentCoverage? _parent; // of what is open
    private ulong _end; // of the last run, in bytes
    private bool _hasHoles;

    /// <summary>The tasks whose images were begun.</summary>
    public int Tasks { get; private set; }

    /// <summary>Pages that were written.</summary>
    public ulong Pages { get; private set; }

    /// <summary>Pages that were left to the parent.</summary>
    public ulong PagesInParent { get; private set; }

    /// <summary>Whether pages of the images that are open may be left to the parent by the client. Not if the server does that:
    /// criu, told of a parent that it does not know, fails.</summary>
    /// <param name="opening">The client's message.</param>
    public bool HasParentFor(PageServerMessage opening) => _parent is not null && (!compares || opening.IsOpenCompared);

    /// <summary>Whether the client may leave pages of an id to the parent (see <see cref="HasParentFor"/>).</summary>
    public bool MayLeaveToParent(PagesId id)
    {
        using var parent = compares ? null : OpenParent(id);
        return parent is not null;
    }

    private ParentCoverage? OpenParent(PagesId id)
    {
        if (round.ParentWith(id.FileName) is not { } directory)
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

    /// <summary>Begins the images of an id, and ends those before.</summary>
    public void Open(PagesId id)
    {
        CloseOpen();
        try
        {
            round.Images.Open(id);
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
            throw Refused($"sent {id.FileName} twice");
        }
        (_open, _end, _parent) = (id, 0, OpenParent(id));
        if (_parent is not null)
            _compared?.Begin(id, round.ParentWith(id.FileName)!);
        Tasks += id.Kind == PagesId.Task ? 1 : 0;
    }

    /// <summary>Adds a run to what is open, with its pages if it is present.</summary>
    public void Add(PageServerMessage message, PageFlags flags)
    {
        if (_open is not { } open || PagesId.TryFrom(message.DstId) != open)
            throw Refused($"sent pages of id 0x{message.DstId:x}, which is not open");
        var entry = new PagemapEntry(message.Address, message.Pages, flags);
        if (PagemapRules.WhyRefused(entry, _end, PageSize.Step) is { } reason)
            throw Refused($"sent for {open.FileName} an {reason.TrimEnd(',')}");
        if (entry.NrPages > uint.MaxValue)
            throw Refused($"sent for {open.FileName} an entry of {entry.NrPages} pages, more than CRIU before 4.2 can read");
        _end = entry.Vaddr + PageSize.BytesOf(entry.NrPages);
        if (flags.HasFlag(PageFlags.Parent))
            AddHole(open, entry);
        if (flags.HasFlag(PageFlags.Present) && _compared is { } compared)
            ComparePages(entry, compared);
        else
        {
            round.Images.Add(entry);
            if (flags.HasFlag(PageFlags.Present))
                ReceivePages(entry.NrPages);
        }
    }

    /// <summary>Ends what is open, and moves all images to their place.</summary>
    public FinishedRound Finish()
    {
        CloseOpen();
        var finished = round.Finish(_hasHoles);
        if (compares && _hasHoles && finished.Parent is { } path)
        {
            using ImageDirectory parent = ImageDirectory.Open(path), child = ImageDirectory.Open(finished.Directory);
            ChildrenByContent.Note(parent, child.Path, observer); // (absolute: dedup may be called from anywhere)
        }
        return finished;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _compared?.Dispose();
        _parent?.Dispose();
        round.Dispose();
    }

    private void ReceivePages(ulong pages)
    {
        for (ulong left = pages; left > 0;)
        {
            var some = messages.TakePages(left);
            round.Images.Write(some);
            left -= (ulong)(some.Length / PageSize.Bytes);
        }
        Pages += pages;
    }

    private void ComparePages(PagemapEntry entry, ComparedImages compared)
    {
        ulong inParent = 0;
        for (ulong done = 0; done < entry.NrPages;)
        {
            var some = messages.TakePages(entry.NrPages - done);
            inParent += compared.Write(entry.Vaddr + PageSize.BytesOf(done), entry.Flags, some, round.Images);
            done += (ulong)(some.Length / PageSize.Bytes);
        }
        _hasHoles |= inParent > 0;
        PagesInParent += inParent;
        Pages += entry.NrPages - inParent;
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
                throw Refused($"left pages of {open.FileName} at 0x{vaddr:x} to the parent, "
                    + (_parent is null ? "and there is none" : "which does not have them"));
        }
        PagesInParent += entry.NrPages;
    }

    private void CloseOpen()
    {
        _compared?.End();
        _parent?.Dispose();
        _parent = null;
        if (_open is not null)
            round.Images.Close();
        _open = null;
    }

    private PeerException Refused(string what) => new($"{peer.Name} {what}");
}
