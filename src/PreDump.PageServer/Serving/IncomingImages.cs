using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;
using PreDump.PageServer.Protocol;

namespace PreDump.PageServer.Serving;

/// <summary>The images of a session while they are received, in a directory of their own (0700) whose name no tool takes for
/// images. Disposing removes them, unless they have been moved to their place. Used by the session's thread alone.</summary>
public sealed class IncomingImages : IReceivedImages, IDisposable
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

    private IncomingImages(DirectoryFd within, string name) =>
        (_within, Name, Directory) = (within, name, within.MakePrivateDirectory(name));

    /// <summary>The directory's name.</summary>
    public string Name { get; }

    /// <summary>The directory, while the images are on their way.</summary>
    public DirectoryFd Directory { get; }

    /// <summary>Makes a new one in a directory, which stays open as long as this is used.</summary>
    public static IncomingImages Create(DirectoryFd within) =>
        new(within, $"{ImageNames.IncomingPrefix}{Random.Shared.NextInt64():x16}");

    /// <summary>Removes what servers that were killed have left; returns how many directories that were.</summary>
    public static int RemoveLeftOvers(DirectoryFd within)
    {
        int removed = 0;
        foreach (string name in within.Names())
            if (name.StartsWith(ImageNames.IncomingPrefix, StringComparison.Ordinal) && TryRemove(within, name))
                removed++;
        return removed;
    }

    /// <inheritdoc/>
    public void Open(PagesId id)
    {
        var pagemap = Directory.CreatePrivate(id.FileName);
        _pages = new PagesFile(Directory.CreatePrivate(ImageNames.Pages(_nextPagesId)));
        _writer.Begin(pagemap, _pages, _nextPagesId++);
    }

    /// <inheritdoc/>
    public void Add(PagemapEntry entry) => _writer.Add(entry);

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public void Close()
    {
        Flush();
        _writer.End();
    }

    /// <summary>Makes the link to the parent, relative to the directory's place.</summary>
    public void LinkParent(string target) => Directory.CreateSymlink(ImageNames.Parent, target);

    /// <summary>Marks the images as complete.</summary>
    public void Mark() => Directory.CreatePrivate(ImageNames.PageServerMark).Close();

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        Directory.Dispose();
        _ = TryRemove(_within, Name);
    }

    // False where it has been moved to its place, or removed by someone else.
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
