using PreDump.Core.Select;
using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>A look at one running task before the freeze.</summary>
internal static class TaskLook
{
    /// <summary>Finds the task's populated page tables; null if that is not needed, or if the task has gone.</summary>
    /// <exception cref="OperationCanceledException">The look was cancelled.</exception>
    public static PopulatedTables? Take(TreeTask task, CancellationToken cancel)
    {
        using var mapsFile = ProcFs.TryOpen(task.Pid, "maps");
        using var pagemap = ProcFs.TryOpen(task.Pid, "pagemap");
        if (mapsFile is null || pagemap is null) // if it is not permitted, the freeze says so
            return null;
        using var arena = new MapsArena(0);
        var maps = arena[arena.Read(mapsFile)];
        return Reservations.Matter(maps, task.ExpectedBytes)
            ? PopulatedTables.Look(new ProcPagemap(pagemap), maps, new VmaRules(task.Pid), EmptyVmas.Read(task.Pid), cancel)
            : null;
    }
}
