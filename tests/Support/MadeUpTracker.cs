using PreDump.Core.Tracking;
using PreDump.Linux;

namespace PreDump.Tests.Support;

/// <summary>A tracker that works or not, regardless of this kernel; it never reports a change.</summary>
internal sealed class MadeUpTracker(bool works = true) : IDirtyTracker
{
    public bool Works => works;

    public bool ComparesAll => false;

    public bool IsTrusted => false;

    public int? ResetRunning(TreeRoot root, TimeSpan timeout, CancellationToken cancel) => null;

    public FreezeFiles Files(bool hasParent) => FreezeFiles.None;

    public void Prepare(TreeRoot root, CancellationToken cancel)
    {
        // It knows everything.
    }

    public TaskChanges? Read(TreeTask task, ReadOnlySpan<byte> maps, Changes into, bool withTables, FreezeLimit limit) =>
        default(TaskChanges);

    public bool Resets(TreeTask task) => false;

    public void Reset(TreeTask task)
    {
        // Nothing is tracked.
    }

    public string? WhyMissed(TreeTask task) => null;
}
