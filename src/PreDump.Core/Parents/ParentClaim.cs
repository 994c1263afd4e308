using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>A round's hold on its parent, from before the freeze to the end of the round: <see cref="Take"/>, then either nothing else and
/// <see cref="Dispose"/>, and the parent is as it was; or <see cref="TrackingIsReset"/>, and it is a parent no more unless the round
/// ends with <see cref="Complete"/>.</summary>
/// <param name="parent">The parent's directory; the caller's.</param>
/// <param name="observer">Told where the parent can't be marked.</param>
public sealed class ParentClaim(ParentDirectory parent, IObserver observer) : IDisposable
{
    private bool _claimed, _trackingWasReset, _complete;

    /// <summary>Refuses a parent that another round was made on.</summary>
    /// <exception cref="PreDumpException">There is one.</exception>
    public void RefuseSuperseded()
    {
        if (parent.HasChild)
            throw new PreDumpException($"{parent.Path} is no parent any more: {parent.ReadChild() ?? "another round"} was made on it already, and "
                + "reset the tracking of changed memory, so what changed between the two is known to that round alone; give its directory, or begin "
                + "with a full round", RoundInput.Parent);
    }

    /// <summary>Takes the inventory out of the parent's way until the round has ended. Once dirty tracking is reset nothing else can
    /// build on this parent: if the round fails, or we are killed, what was written between the two freezes is lost to it, and
    /// neither predump nor criu may take it for a parent in silence.</summary>
    /// <exception cref="PreDumpException">Another round was quicker.</exception>
    public void Take()
    {
        try
        {
            parent.Claim();
            _claimed = true;
            RefuseSuperseded(); // once more: by a round that began and ended since we first looked
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            throw new PreDumpException($"another round on {parent.Path} has just begun, and only one can be made on it", RoundInput.Parent);
        }
        catch (LinuxException e) when (e.Errno is Errno.EROFS or Errno.EACCES or Errno.EPERM) // the user alone can see to it
        {
            observer.Warn($"{e.Message}: {parent.Path} can't be marked as used, so remember: whether this round succeeds or fails, don't build "
                + "another one on it", RoundInput.Parent);
        }
    }

    /// <summary>From now on only a finished round may give the parent back.</summary>
    public void TrackingIsReset() => _trackingWasReset = true;

    /// <summary>The round is finished. The parent is complete again and says from now on that this round was made on it: a second one would
    /// not know what changed before the first one reset the tracking, even where the first one's images have been removed.</summary>
    /// <param name="child">The round's directory.</param>
    /// <param name="uptime">Its dump_uptime, in microseconds.</param>
    public void Complete(string child, ulong uptime)
    {
        _complete = true;
        if (!_claimed)
            return;
        try
        {
            parent.Mark(child, uptime);
            parent.Release();
        }
        catch (LinuxException e) // a full disk: without the mark it must not look like a parent
        {
            observer.Warn($"{e.Message}: the round is whole, but its parent {parent.Path} could not be marked as used, so its inventory stays "
                + $"{ImageNames.ClaimedInventory}: restoring through it is not affected, but the next round has to be a full one");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_complete)
            return;
        if (_trackingWasReset)
            observer.Warn($"changed memory is tracked anew since this round began, so {parent.Path} can't be a parent any more: begin with a full round");
        else if (_claimed)
            parent.Release();
    }
}
