namespace PreDump.Core.Tracking;

/// <summary>The position of a task's changes in <see cref="Changes"/>.</summary>
/// <param name="Pages">The changed pages, in <see cref="Changes.Pages"/>.</param>
/// <param name="Tables">The page tables with changed pages, in <see cref="Changes.Tables"/>.</param>
/// <param name="TablesAreAll">Whether these are all page tables that were looked at, whether they had changed pages or
/// not.</param>
public readonly record struct TaskChanges(Range Pages, Range Tables, bool TablesAreAll = false);

/// <summary>The changes in the tasks of a frozen tree. Memory is allocated before the freeze, and grows in it if a tree needs
/// more.</summary>
/// <param name="expected">Whether changes will be read; otherwise little memory is allocated.</param>
public sealed class Changes(bool expected) : IDisposable
{
    private const ulong InitialBytes = 1024 * 1024, InitialTableBytes = 64 * 1024;

    /// <summary>The changed pages of all tasks.</summary>
    public DirtyPages Pages { get; } = new(expected ? InitialBytes : 0);

    /// <summary>The page tables with changed pages of all tasks, if they were requested.</summary>
    public DirtyTables Tables { get; } = new(expected ? InitialTableBytes : 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        Pages.Dispose();
        Tables.Dispose();
    }
}
