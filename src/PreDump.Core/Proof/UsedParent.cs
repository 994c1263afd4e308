using PreDump.Core.Parents;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>The round that a final dump was built upon. criu has reset the tracking of changed memory for the dump, so no other round may
/// be built upon it any more, whether the dump is taken or refused (<see cref="ParentMarks"/>).</summary>
public sealed class UsedParent
{
    private readonly string _path;
    private readonly IProofLog _log;
    private bool _isClaimed, _canBeMarked = true;

    private UsedParent(string path, IProofLog log)
    {
        (_path, _log) = (path, log);
        WasUsedBefore = Path.Exists(Mark) || new FileInfo(Mark).LinkTarget is not null;
    }

    /// <summary>Whether another round or dump was made on it before this one: what was written between that one and its parent's next use
    /// looks clean to criu, which does not heed the mark. So too where its inventory is claimed already: by a round that has failed.</summary>
    public bool WasUsedBefore { get; private set; }

    private string Mark => Path.Combine(_path, ImageNames.Child);

    /// <summary>Takes its inventory out of the way, so that neither predump nor criu takes it for a parent if we fail or are killed.
    /// Restoring through it needs no inventory.</summary>
    public static UsedParent Claim(string path, IProofLog log)
    {
        var parent = new UsedParent(path, log);
        try
        {
            using var directory = parent.OpenDirectory();
            ParentMarks.Claim(directory);
            parent._isClaimed = true;
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT) // another round on it is about to fail, since criu traces the tree
        {
            parent.WasUsedBefore = true;
            log.Warn($"{path} has no {ImageNames.Inventory} just now: don't build a round on it, begin with a full one");
        }
        catch (LinuxException e) when (e.Errno is Errno.EROFS or Errno.EACCES or Errno.EPERM) // nobody here can: it is the user's to know
        {
            parent._canBeMarked = false;
            log.Warn($"{e.Message}: {path} can't be marked as used, so remember: don't build a round on it again");
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
            using var directory = OpenDirectory();
            directory.TryUnlink(ImageNames.Child); // the last one is the one to go on from
            ParentMarks.Mark(directory, child, uptime);
            if (_isClaimed)
                ParentMarks.Release(directory);
        }
        catch (LinuxException e) // a full disk: without the mark it must not look like a parent
        {
            _log.Warn($"{e.Message}: {_path} could not be marked as used, so its inventory stays {ImageNames.ClaimedInventory}: restoring "
                + "through it is not affected");
        }
    }

    private Fd OpenDirectory() => Fd.TryOpenDirectory(_path, out int error) ?? throw new LinuxException("open", _path, error);
}
