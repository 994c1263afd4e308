using PreDump.Core.Parents;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>The round that a final dump is based on. criu has reset dirty tracking for the dump, so no other round may be based
/// on it, whether the dump is accepted or refused (see <see cref="ParentDirectory"/>).</summary>
public sealed class UsedParent : IDisposable
{
    private readonly IProofLog _log;
    private bool _isClaimed, _canBeMarked = true;

    private UsedParent(ParentDirectory directory, IProofLog log)
    {
        (Directory, _log) = (directory, log);
        WasUsedBefore = directory.HasChild;
    }

    /// <summary>The parent's directory.</summary>
    public ParentDirectory Directory { get; }

    /// <summary>Whether another round or dump was made on it before, even a failed round that has left it claimed. Pages written
    /// between its two uses look clean to criu, which ignores predump's mark.</summary>
    public bool WasUsedBefore { get; private set; }

    /// <summary>Claims the parent of a final dump, so that neither predump nor criu uses it as a parent if the proof fails or
    /// predump is killed. A restore through it needs no inventory.</summary>
    /// <param name="images">The final dump's images, which have a parent.</param>
    /// <param name="log">Warned if the parent can't be claimed.</param>
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
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            // Another round has claimed it, and is about to fail, because criu traces the tree.
            parent.WasUsedBefore = true;
            log.Warn($"{parent.Directory.Path} has no {ImageNames.Inventory} now: "
                + "don't build a round on it, begin with a full one");
        }
        catch (LinuxException e) when (e.Errno is Errno.EROFS or Errno.EACCES or Errno.EPERM) // only the user can prevent reuse
        {
            parent._canBeMarked = false;
            log.Warn($"{e.Message}: {parent.Directory.Path} can't be marked as used, so remember: "
                + "don't build a round on it again");
        }
        return parent;
    }

    /// <summary>Marks the parent with the accepted dump, and releases it.</summary>
    /// <param name="child">The dump's directory.</param>
    /// <param name="uptime">The dump's dump_uptime, in microseconds since boot.</param>
    public void Complete(string child, ulong uptime)
    {
        if (!_canBeMarked)
            return;
        try
        {
            Directory.Unmark(); // the latest dump is the one to continue from
            Directory.Mark(child, uptime);
            if (_isClaimed)
                Directory.Release();
        }
        catch (LinuxException e) // a full disk, for example: without the mark it must not look like a parent
        {
            _log.Warn($"{e.Message}: {Directory.Path} could not be marked as used, so its inventory remains "
                + $"{ImageNames.ClaimedInventory}: restoring through it is not affected");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Dispose();
}
