namespace PreDump.Core.Tracking;

/// <summary>Where a task's changes lie in <see cref="Changes"/>.</summary>
/// <param name="Pages">Its changed pages, in <see cref="Changes.Pages"/>.</param>
/// <param name="Tables">Its page tables with changed pages, in <see cref="Changes.Tables"/>.</param>
public readonly record struct TaskChanges(Range Pages, Range Tables);

/// <summary>What has changed in the tasks of a frozen tree. Its room is made before the freeze; more is made where a tree needs it.</summary>
/// <param name="expected">False where nothing will be read, so that no room is needed.</param>
public sealed class Changes(bool expected) : IDisposable
{
    private const ulong Room = 1024 * 1024, RoomForTables = 64 * 1024; // bytes

    /// <summary>The changed pages of all tasks.</summary>
    public DirtyPages Pages { get; } = new(expected ? Room : 0);

    /// <summary>The page tables of all tasks that held changed pages, where they were wanted.</summary>
    public DirtyTables Tables { get; } = new(expected ? RoomForTables : 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        Pages.Dispose();
        Tables.Dispose();
    }
}
