using PreDump.Images;

namespace PreDump.Core.Sinks;

/// <summary>Writes pagemap-PID.img and pages-N.img of each task into a directory.</summary>
/// <param name="directory">The directory; owned by the caller.</param>
/// <param name="direct">Bypasses the page cache; null writes through it.</param>
public sealed class DirectorySink(RoundDirectory directory, DirectIo? direct = null) : IPageSink
{
    private readonly TaskImageWriter _writer = new();
    private uint _pagesId;

    /// <inheritdoc/>
    public bool WritesInOrder => false;

    /// <inheritdoc/>
    public ITaskSink Begin(int imagePid) => Begin(ImageNames.Pagemap(imagePid));

    /// <inheritdoc/>
    public ITaskSink BeginSegment(ulong id) => Begin(ImageNames.PagemapShmem(id));

    private TaskSink Begin(string name)
    {
        var pagemap = directory.Create(name);
        var file = directory.Create(ImageNames.Pages(++_pagesId));
        direct?.Begin(file);
        var pages = new PagesFile(file, direct);
        _writer.Begin(pagemap, pages, _pagesId);
        return new TaskSink(_writer, pages);
    }

    /// <summary>Does nothing: what was written is in the files already.</summary>
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
