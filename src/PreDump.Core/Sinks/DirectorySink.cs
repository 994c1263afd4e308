using PreDump.Images;

namespace PreDump.Core.Sinks;

/// <summary>Writes pagemap-PID.img and pages-N.img into a directory.</summary>
/// <param name="directory">Where they are made.</param>
/// <param name="direct">Writes pages past the page cache; null: through it.</param>
public sealed class DirectorySink(RoundDirectory directory, DirectIo? direct = null) : IPageSink
{
    private readonly TaskImageWriter _writer = new();
    private uint _pagesId;

    /// <inheritdoc/>
    public bool WritesInOrder => false;

    /// <inheritdoc/>
    public ITaskSink Begin(int imagePid)
    {
        var pagemap = directory.Create(ImageNames.Pagemap(imagePid));
        var file = directory.Create(ImageNames.Pages(++_pagesId));
        direct?.Begin(file);
        var pages = new PagesFile(file, direct);
        _writer.Begin(pagemap, pages, _pagesId);
        return new TaskSink(_writer, pages);
    }

    /// <summary>What is written is there.</summary>
    public void Complete()
    {
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private sealed class TaskSink(TaskImageWriter writer, PagesFile pages) : ITaskSink
    {
        public ulong Reserve(ReadOnlySpan<PageRun> runs, int bytes)
        {
            foreach (var run in runs)
                writer.Add(run.Entry);
            return pages.Reserve((ulong)bytes);
        }

        public void Write(ulong slot, ReadOnlySpan<byte> from) => pages.Write(slot, from);

        public void End() => writer.End();
    }
}
