using PreDump.Core;
using PreDump.Core.Sinks;
using PreDump.Images;

namespace PreDump.PageServer;

/// <summary>One round, whose images come to lie in the images directory itself, as with CRIU's page server.</summary>
public sealed class SingleRound : IRounds, IRound
{
    private readonly RoundDirectory _directory;
    private readonly string? _parentLink;
    private readonly string? _parent;
    private IncomingImages? _images;

    /// <param name="directory">Empty; somebody else's.</param>
    /// <param name="previous">--prev-images-dir, relative to the directory; null: a parent link that is there counts.</param>
    /// <exception cref="PreDumpException">There are no images.</exception>
    public SingleRound(RoundDirectory directory, string? previous)
    {
        _directory = directory;
        if (previous is not null && Path.IsPathRooted(previous))
            throw new PreDumpException($"--prev-images-dir {previous}: CRIU wants a path relative to the images directory, such as ../1");
        if (previous is not null && directory.ParentLink is { } link && link != previous)
            throw new PreDumpException($"images directory {directory.Path} has a parent link to {link}, but --prev-images-dir says {previous}");
        _parentLink = previous ?? directory.ParentLink;
        if (_parentLink is null)
            return;
        _parent = Path.Combine(directory.Path, _parentLink);
        if (!Directory.Exists(_parent))
            throw new PreDumpException($"--prev-images-dir {_parentLink}: {_parent} is no directory; the path is relative to the images directory");
        if (Path.GetFullPath(_parent) == Path.GetFullPath(directory.Path))
            throw new PreDumpException($"--prev-images-dir {_parentLink}: this is the images directory itself");
    }

    /// <inheritdoc/>
    public IncomingImages Images => _images!;

    /// <inheritdoc/>
    public long Moment() => 0;

    /// <inheritdoc/>
    public IRound Begin(long connected)
    {
        _images = IncomingImages.Create(_directory.Path);
        return this;
    }

    /// <inheritdoc/>
    public string? ParentWith(string pagemap) => _parent is not null && File.Exists(Path.Combine(_parent, pagemap)) ? _parent : null;

    /// <inheritdoc/>
    public FinishedRound Finish(bool hasHoles)
    {
        if (_parentLink is not null)
            _directory.LinkParent(_parentLink);
        Images.Mark();
        _directory.TakeFrom(Images.Name, last: ImageNames.PageServerMark);
        return new FinishedRound(_directory.Path, null, _parent);
    }

    /// <inheritdoc/>
    public void Dispose() => _images?.Dispose();
}
