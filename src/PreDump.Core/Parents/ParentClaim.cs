using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>A round's claim on its parent, from before the freeze until the round ends (see <see cref="ParentDirectory"/> for the
/// states on disk):
/// <code>
///   Take ----> Dispose                                     the parent is released unchanged
///     `------> TrackingIsReset ----> Dispose               the round failed: it can no longer be a parent
///                    `-------------> Complete --> Dispose  the parent is marked with its child
/// </code></summary>
/// <param name="parent">The parent's directory; owned by the caller.</param>
/// <param name="observer">Warned if the parent can't be marked.</param>
public sealed class ParentClaim(ParentDirectory parent, IObserver observer) : IDisposable
{
    private bool _claimed, _trackingWasReset, _complete;

    /// <summary>Checks that no other round was made on the parent.</summary>
    /// <exception cref="PreDumpException">One was.</exception>
    public void RefuseSuperseded()
    {
        if (!parent.HasChild)
            return;
        string child = parent.ReadChild() ?? "another round";
        throw new PreDumpException($"{parent.Path} can no longer be a parent: {child} was made on it already and reset "
            + "the tracking of changed memory, so only that round knows what changed between the two; "
            + "give its directory, or begin with a full round", RoundInput.Parent);
    }

    /// <summary>Renames the parent's inventory until the round has ended. Once dirty tracking is reset, no other round can be
    /// based on this parent: if this one fails or predump is killed, the changes between the two freezes are lost, and neither
    /// predump nor criu may silently use it as a parent.</summary>
    /// <exception cref="PreDumpException">Another round has claimed the parent, or there is no room for its mark.</exception>
    public void Take()
    {
        try
        {
            parent.Claim();
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            throw new PreDumpException($"another round on {parent.Path} has just begun, and only one can be made on it",
                RoundInput.Parent);
        }
        catch (LinuxException e) when (e.Errno is Errno.EROFS or Errno.EACCES or Errno.EPERM) // only the user can prevent reuse
        {
            observer.Warn($"{e.Message}: {parent.Path} can't be marked as used, so remember: whether this round succeeds or "
                + "fails, don't build another one on it", RoundInput.Parent);
            return;
        }
        _claimed = true;
        RefuseSuperseded(); // again, because another round may have begun and ended since the first check
        RefuseUnmarkable();
    }

    /// <summary>Notes that dirty tracking is being reset: now only a complete round may release the parent. Called in the
    /// freeze.</summary>
    public void TrackingIsReset() => _trackingWasReset = true;

    /// <summary>Marks the parent with this round and releases it, when the round is complete. A second round would not know what
    /// changed before this one reset the tracking, even if this one's images are removed.</summary>
    /// <param name="child">The round's directory.</param>
    /// <param name="uptime">The round's dump_uptime, in microseconds since boot.</param>
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
        catch (LinuxException e) // a full disk, for example: without the mark it must not look like a parent
        {
            observer.Warn($"{e.Message}: the round is complete, but its parent {parent.Path} could not be marked as used, so its "
                + $"inventory remains {ImageNames.ClaimedInventory}: restoring through it is not affected, "
                + "but the next round must be a full one");
        }
    }

    private void RefuseUnmarkable()
    {
        try
        {
            parent.ReserveMark();
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"{parent.Path} can't be marked as the parent of this round ({e.Message}), so the next "
                + "one would have to be a full copy: make room in its directory, or give no parent", RoundInput.Parent);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_complete)
            return;
        if (_trackingWasReset)
            observer.Warn("this round has reset the tracking of changed memory and did not complete, "
                + $"so {parent.Path} can no longer be a parent: begin with a full round");
        else if (_claimed)
            parent.Release();
    }
}
