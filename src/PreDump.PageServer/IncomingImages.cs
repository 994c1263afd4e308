using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>The images of a session while they are received, in a directory of their own (0700) whose name no tool takes for
/// images. Disposing removes them, unless they have been moved to their place. Used by the session's thread alone.</summary>
public sealed class IncomingImages : IDisposable
{
    // As CRIU's: none of the images that the client writes on its side gets this number.
    private const uint FirstPagesId = 0x10001;

    // Small runs are gathered: one write for many of them.
    private const int GatherBytes = 256 * 1024;

    private readonly Fd _directory;
    private readonly TaskImageWriter _writer = new();
    private byte[]? _gathered;
    private int _gatheredBytes;
    private PagesFile? _pages;
    private uint _nextPagesId = FirstPagesId;

    private IncomingImages(string path, Fd directory) => (Path, _directory) = (path, directory);

    /// <summary>The directory's path.</summary>
    public string Path { get; }

    /// <summary>The directory's name.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>Makes a new one in a directory.</summary>
    public static IncomingImages Create(string within)
    {
        string path = System.IO.Path.Combine(within, $"{ImageNames.IncomingPrefix}{Random.Shared.NextInt64():x16}");
        Fd.MakePrivateDirectory(path);
        return new IncomingImages(path,
            Fd.TryOpenDirectory(path, out int error) ?? throw new LinuxException("open", path, error));
    }

    /// <summary>Removes what servers that were killed have left; returns how many directories that were.</summary>
    public static int RemoveLeftOvers(string within)
    {
        int removed = 0;
        foreach (string path in Directory.GetDirectories(within, ImageNames.IncomingPrefix + "*"))
        {
            Directory.Delete(path, recursive: true);
            removed++;
        }
        return removed;
    }

    /// <summary>Begins the images of an id.</summary>
    /// <exception cref="LinuxException">EEXIST: it has images already.</exception>
    public void Open(PagesId id)
    {
        var pagemap = _directory.CreatePrivate(id.FileName);
        _pages = _writer.Begin(pagemap, _directory.CreatePrivate(ImageNames.Pages(_nextPagesId)), _nextPagesId++);
    }

    /// <summary>Adds an entry to the pagemap.</summary>
    public void Add(PagemapEntry entry) => _writer.Add(entry);

    /// <summary>Adds bytes to the pages.</summary>
    public void Write(ReadOnlySpan<byte> pages)
    {
        if (pages.Length >= GatherBytes / 4)
        {
            Flush();
            Append(pages);
            return;
        }
        _gathered ??= new byte[GatherBytes];
        if (_gatheredBytes + pages.Length > GatherBytes)
            Flush();
        pages.CopyTo(_gathered.AsSpan(_gatheredBytes));
        _gatheredBytes += pages.Length;
    }

    /// <summary>Ends the images of the id.</summary>
    public void Close()
    {
        Flush();
        _writer.End();
    }

    /// <summary>Makes the link to the parent, relative to the directory's place.</summary>
    public void LinkParent(string target) => _directory.Link(ImageNames.Parent, target);

    /// <summary>Marks the images as complete.</summary>
    public void Mark() => _directory.CreatePrivate(ImageNames.PageServerMark).Close();

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _directory.Dispose();
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Moved to its place, or removed by someone else.
        }
    }

    private void Flush()
    {
        Append(_gathered.AsSpan(0, _gatheredBytes));
        _gatheredBytes = 0;
    }

    private void Append(ReadOnlySpan<byte> pages)
    {
        if (!pages.IsEmpty)
            _pages!.Write(_pages.Reserve(pages.Length), pages);
    }
}
