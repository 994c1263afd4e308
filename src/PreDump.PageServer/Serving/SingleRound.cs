using PreDump.Core;
using PreDump.Core.Sinks;
using PreDump.Images;

namespace PreDump.PageServer.Serving;

/// <summary>One round, whose images come to lie in the images directory itself, as with CRIU's page server.</summary>
public sealed class SingleRound : IRounds, IRound
{
    private readonly RoundDirectory _directory;
    private readonly string? _parentLink;
    private readonly ImageDirectory? _parent;
    private IncomingImages? _images; // null until it is begun

    /// <summary>Opens the parent.</summary>
    /// <param name="directory">The images directory, which is empty; not owned.</param>
    /// <param name="previous">The previous round's images, relative to the directory; null uses the parent link, if
    /// any.</param>
    /// <exception cref="PreDumpException">The parent's directory does not exist, or is the images directory itself.</exception>
    public SingleRound(RoundDirectory directory, string? previous)
    {
        _directory = directory;
        if (previous is not null && directory.ParentLink is { } link && link != previous)
            throw new PreDumpException($"images directory {directory.Path} has a parent link to {link}, but {previous} is to be "
                + "the parent: use an empty directory, or give the same parent", RoundInput.Parent);
        _parentLink = previous ?? directory.ParentLink;
        _parent = previous is not null ? directory.OpenPrevious(previous)
            : _parentLink is not null ? directory.OpenLinked(_parentLink)
            : null;
    }

    /// <inheritdoc/>
    public IReceivedImages Images => _images!;

    /// <inheritdoc/>
    public long Moment() => 0;

    /// <inheritdoc/>
    public IRound Begin(long connected)
    {
        _images = IncomingImages.Create(_directory.Descriptor);
        return this;
    }

    /// <inheritdoc/>
    public ImageDirectory? ParentWith(string pagemap) => _parent?.Has(pagemap) == true ? _parent : null;

    /// <inheritdoc/>
    public FinishedRound Finish(bool hasHoles)
    {
        if (_parentLink is not null)
            _directory.LinkParent(_parentLink);
        _images!.Mark();
        _directory.TakeFrom(_images.Directory, last: ImageNames.PageServerMark);
        return new FinishedRound(_directory.Path, null, _parentLink is null ? null : Path.Combine(_directory.Path, _parentLink));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _images?.Dispose();
        _parent?.Dispose();
    }
}
