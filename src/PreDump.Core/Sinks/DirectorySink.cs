using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>Writes pagemap-PID.img and pages-N.img of each task into a directory and its stripes.</summary>
/// <param name="directory">The directory; owned by the caller.</param>
/// <param name="direct">Bypasses the page cache; null writes through it.</param>
public sealed class DirectorySink(RoundDirectory directory, DirectIo? direct = null) : IPageSink
{
    private readonly TaskImageWriter[] _writers =
        [.. Enumerable.Range(0, 1 + (directory.Stripes?.Count ?? 0)).Select(_ => new TaskImageWriter())];

    private uint _pagesId;

    /// <inheritdoc/>
    public bool WritesInOrder => false;

    /// <inheritdoc/>
    public ITaskSink Begin(int imagePid) => Begin(ImageNames.Pagemap(imagePid));

    /// <inheritdoc/>
    public ITaskSink BeginSegment(ulong id) => Begin(ImageNames.PagemapShmem(id));

    private StripedTask Begin(string name)
    {
        uint id = ++_pagesId;
        return new StripedTask(_writers.Length, part => Begin(part, name, id));
    }

    private TaskPart Begin(int part, string name, uint id)
    {
        var (pagemap, file) = (Create(part, name), Create(part, ImageNames.Pages(id)));
        direct?.Begin(file);
        var pages = new PagesFile(file, direct);
        _writers[part].Begin(pagemap, pages, id);
        return new TaskPart(_writers[part], pages);
    }

    // The last part is the round's own directory.
    private Fd Create(int part, string name) =>
        part == _writers.Length - 1 ? directory.Create(name) : directory.Stripes!.Create(part, name);

    /// <summary>Does nothing: what was written is in the files already.</summary>
    public void Complete()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var writer in _writers)
            writer.Dispose();
    }
}
