using PreDump.Core.Parents;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>The round that a final dump was built upon. criu has reset the tracking of changed memory for the dump, so no other round may
/// be built upon it any more, whether the dump is taken or refused (<see cref="ParentDirectory"/>).</summary>
public sealed class UsedParent : IDisposable
{
    private readonly IProofLog _log;
    private bool _isClaimed, _canBeMarked = true;

    private UsedParent(ParentDirectory directory, IProofLog log)
    {
        (Directory, _log) = (directory, log);
        WasUsedBefore = directory.HasChild;
    }

    /// <summary>Its directory.</summary>
    public ParentDirectory Directory { get; }

    /// <summary>Whether another round or dump was made on it before this one: what was written between that one and its parent's next use
    /// looks clean to criu, which does not heed the mark. So too where its inventory is claimed already: by a round that has failed.</summary>
    public bool WasUsedBefore { get; private set; }

    /// <summary>Takes its inventory out of the way, so that neither predump nor criu takes it for a parent if we fail or are killed.
    /// Restoring through it needs no inventory.</summary>
    /// <param name="images">The final dump's, which have a parent.</param>
    /// <param name="log">Told where it can't be claimed.</param>
    /// <exception cref="ImageException">The parent can't be opened.</exception>
    public static UsedParent Claim(ImageDirectory images, IProofLog log)
    {
        var directory = images.OpenParent() ?? throw new ImageException(images.PathOf(ImageNames.Parent), "no such directory");
        var parent = new UsedParent(new ParentDirectory(directory), log);
        try
        {
            parent.Directory.Claim();
            parent._isClaimed = true;
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT) // another round on it is about to fail, since criu traces the tree
        {
            parent.WasUsedBefore = true;
            log.Warn($"{parent.Directory.Path} has no {ImageNames.Inventory} just now: don't build a round on it, begin with a full one");
        }
        catch (LinuxException e) when (e.Errno is Errno.EROFS or Errno.EACCES or Errno.EPERM) // the user alone can see to it
        {
            parent._canBeMarked = false;
            log.Warn($"{e.Message}: {parent.Directory.Path} can't be marked as used, so remember: don't build a round on it again");
        }
        return parent;
    }

    /// <summary>The dump is taken: the parent is whole again, and says from now on which dump was made on it.</summary>
    /// <param name="child">The dump's directory.</param>
    /// <param name="uptime">Its dump_uptime, in microseconds.</param>
    public void Complete(string child, ulong uptime)
    {
        if (!_canBeMarked)
            return;
        try
        {
            Directory.Unmark(); // the last one is the one to go on from
            Directory.Mark(child, uptime);
            if (_isClaimed)
                Directory.Release();
        }
        catch (LinuxException e) // a full disk: without the mark it must not look like a parent
        {
            _log.Warn($"{e.Message}: {Directory.Path} could not be marked as used, so its inventory stays {ImageNames.ClaimedInventory}: restoring "
                + "through it is not affected");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Dispose();
}
