using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>The images of a session while they are received, in a directory of their own (0700) that nobody takes for whole images;
/// removed when disposed, unless they have been moved to their place.</summary>
public sealed class IncomingImages : IDisposable
{
    // As CRIU's: none of the images that the client writes on its side gets this number.
    private const uint FirstPagesId = 0x10001;

    // Small runs are gathered: one write for many of them.
    private const int GatherBytes = 256 * 1024;

    private readonly DirectoryFd _within;
    private readonly TaskImageWriter _writer = new();
    private byte[]? _gathered;
    private int _gatheredBytes;
    private PagesFile? _pages;
    private uint _nextPagesId = FirstPagesId;

    private IncomingImages(DirectoryFd within, string name) => (_within, Name, Directory) = (within, name, within.MakePrivateDirectory(name));

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The directory of that name, as long as the images are on their way.</summary>
    public DirectoryFd Directory { get; }

    /// <summary>Makes a new one in a directory, which stays open as long as this is used.</summary>
    public static IncomingImages Create(DirectoryFd within) => new(within, $"{ImageNames.IncomingPrefix}{Random.Shared.NextInt64():x16}");

    /// <summary>Removes what a server that was killed has left.</summary>
    /// <returns>How many directories.</returns>
    public static int RemoveLeftOvers(DirectoryFd within)
    {
        int removed = 0;
        foreach (string name in within.Names().Where(name => name.StartsWith(ImageNames.IncomingPrefix, StringComparison.Ordinal)))
            removed += TryRemove(within, name) ? 1 : 0;
        return removed;
    }

    /// <summary>Begins the images of an id.</summary>
    /// <exception cref="LinuxException">EEXIST: it had its turn already.</exception>
    public void Open(PagesId id)
    {
        var pagemap = Directory.CreatePrivate(id.FileName);
        _pages = new PagesFile(Directory.CreatePrivate(ImageNames.Pages(_nextPagesId)));
        _writer.Begin(pagemap, _pages, _nextPagesId++);
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
    public void LinkParent(string target) => Directory.CreateSymlink(ImageNames.Parent, target);

    /// <summary>Says that the images are whole.</summary>
    public void Mark() => Directory.CreatePrivate(ImageNames.PageServerMark).Close();

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        Directory.Dispose();
        _ = TryRemove(_within, Name);
    }

    // False where it has been moved to its place, or taken away by somebody.
    private static bool TryRemove(DirectoryFd within, string name)
    {
        using var directory = within.TryOpenDirectory(name, out _);
        if (directory is null)
            return false;
        foreach (string file in directory.Names())
            directory.TryUnlink(file);
        within.TryRemoveDirectory(name);
        return true;
    }

    private void Flush()
    {
        Append(_gathered.AsSpan(0, _gatheredBytes));
        _gatheredBytes = 0;
    }

    private void Append(ReadOnlySpan<byte> pages)
    {
        if (!pages.IsEmpty)
            _pages!.Write(_pages.Reserve((ulong)pages.Length), pages);
    }
}
