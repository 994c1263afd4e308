namespace PreDump.Core.Sinks;

/// <summary>The images of a task in one directory.</summary>
/// <param name="Pagemap">Writes the pagemap.</param>
/// <param name="Pages">The pages file.</param>
internal readonly record struct TaskPart(TaskImageWriter Pagemap, PagesFile Pages);

/// <summary>The images of a task in the directories of a round, each of which is the parent of the one after it. Every slot goes
/// to another directory: from the last one, the round's own, to the first one, and again. So a small task has no images but in
/// the round's own, unless pages are left to the previous round, which all directories have to lead to.</summary>
internal sealed class StripedTask : ITaskSink
{
    private const int PartShift = 56; // a slot: the directory, and the offset in its pages file

    private readonly TaskPart?[] _parts;
    private readonly Func<int, TaskPart> _begin;
    private int _next;

    /// <param name="count">The number of directories.</param>
    /// <param name="begin">Begins the images in one of them.</param>
    public StripedTask(int count, Func<int, TaskPart> begin)
    {
        (_parts, _begin, _next) = (new TaskPart?[count], begin, count - 1);
        Part(count - 1); // the round's own images say which tasks it has
    }

    /// <inheritdoc/>
    public ulong Reserve(ReadOnlySpan<PageRun> runs, int bytes)
    {
        int own = _next;
        foreach (var run in runs)
            Add(run, own);
        if (bytes == 0)
            return 0;
        _next = own == 0 ? _parts.Length - 1 : own - 1;
        return ((ulong)own << PartShift) | Part(own).Pages.Reserve((ulong)bytes);
    }

    /// <inheritdoc/>
    public void Write(ulong slot, ReadOnlySpan<byte> pages) =>
        _parts[(int)(slot >> PartShift)]!.Value.Pages.Write(slot & ((1UL << PartShift) - 1), pages);

    /// <inheritdoc/>
    public void End()
    {
        foreach (var part in _parts)
            part?.Pagemap.End();
    }

    private void Add(PageRun run, int own)
    {
        var left = run with { InParent = true };
        if (run.InParent)
            own = -1;
        else
            Part(own).Pagemap.Add(run.Entry);
        for (int after = own + 1; after < _parts.Length; after++)
            Part(after).Pagemap.Add(left.Entry);
    }

    private TaskPart Part(int number) => _parts[number] ??= _begin(number);
}
