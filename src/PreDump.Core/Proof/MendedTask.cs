using PreDump.Core.Comparing;
using PreDump.Core.Reading;
using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>A task's images of the final dump, written anew with the pages that the parents have wrong. The parents' images stay
/// as they are: they are right for their time. Nothing is changed in place: new files are written beside the old ones, and one
/// rename puts them into their place. Nothing is fsync'ed: criu syncs none of its images, so that after a power cut there is
/// nothing to restore anyway; however else predump ends, the page cache keeps every step, in its order.</summary>
public sealed class MendedTask : IDisposable
{
    private readonly FinalImages _images;
    private readonly string _name, _newPagemap, _newPages;
    private readonly StoppedMemory _memory;
    private readonly PageBatch _batch = new();
    private readonly TaskImageWriter _writer = new();
    private readonly PagesFile _pages; // the new one
    private readonly Fd _oldPages;
    private readonly FileCopy _copy;
    private readonly uint _oldId;
    private ulong _read; // bytes of the old pages file that are done with
    private ulong _kept; // bytes of it, from _read on, that are to be copied
    private bool _isInPlace;

    private MendedTask(FinalImages images, TreeTask task, string name, uint oldId, uint newId)
    {
        (_images, _name, _oldId) = (images, name, oldId);
        (_newPagemap, _newPages) = (ImageNames.NewPagemap(name), ImageNames.Pages(newId));
        _memory = StoppedMemory.Open(task);
        _batch.Begin(_memory.Memory);
        _oldPages = images.Directory.OpenImage(ImageNames.Pages(oldId));
        _images.TryRemove(_newPagemap); // of a run that was killed
        var newPages = _images.Create(_newPages);
        _copy = new FileCopy(_oldPages, newPages);
        _pages = new PagesFile(newPages, allocatesAhead: false); // old holes are to stay holes
        _writer.Begin(_images.Create(_newPagemap), _pages, newId);
    }

    /// <summary>Writes a task's images anew.</summary>
    /// <param name="images">Where they are.</param>
    /// <param name="task">The task, which stands still.</param>
    /// <param name="wrong">The pages, ascending, all of them left to the parent by the images.</param>
    /// <param name="newId">n of a pages-n.img that is not there.</param>
    /// <exception cref="ImageException">An image is damaged.</exception>
    /// <exception cref="LinuxException">They can't be written; then the old ones are still in place.</exception>
    public static void Write(FinalImages images, TreeTask task, IReadOnlyList<MemoryRange> wrong, uint newId)
    {
        string name = ImageNames.Pagemap(task.ImagePid);
        using var old = PagemapReader.Open(images.Directory, name, PageSize.Bytes);
        using var mended = new MendedTask(images, task, name, old.PagesId, newId);
        mended.WriteAll(old, wrong);
        mended.PutInPlace();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _oldPages.Dispose();
        _batch.Dispose();
        _memory.Dispose();
        if (_isInPlace)
            return;
        _images.TryRemove(_newPagemap);
        _images.TryRemove(_newPages);
    }

    private void WriteAll(PagemapReader old, IReadOnlyList<MemoryRange> wrong)
    {
        int next = 0;
        while (old.TryRead(out var entry))
        {
            var run = entry.Range(PageSize.Step);
            if (entry.Flags.HasFlag(PageFlags.Present))
            {
                WriteBatch();
                _kept += run.Length;
            }
            while (next < wrong.Count && wrong[next].Start < run.End)
            {
                ulong start = Math.Max(wrong[next].Start, run.Start), end = Math.Min(wrong[next].End, run.End);
                Name(run with { Length = start - run.Start }, entry.Flags);
                Put(new MemoryRange(start, end - start), (entry.Flags & ~PageFlags.Parent) | PageFlags.Present);
                bool goesOn = wrong[next].End > run.End; // in the next entry
                run = run.Skip(end - run.Start);
                if (goesOn)
                    break;
                next++;
            }
            Name(run, entry.Flags);
        }
        WriteBatch();
        CopyKept();
        if (_oldPages.Length != _read)
            throw new ImageException(_oldPages.Path, $"{_oldPages.Length} bytes, but {_name} names {_read}");
    }

    // Both images are whole, and closed, before the pagemap is put into its place: what is in place is right at each moment. The
    // old pages go last, when nothing names them any more. (close(2) is where some file systems report a full disk.)
    private void PutInPlace()
    {
        _writer.End();
        _images.Replace(_name, _newPagemap);
        _isInPlace = true;
        _images.TryRemove(ImageNames.Pages(_oldId));
    }

    private void Name(MemoryRange run, PageFlags flags)
    {
        if (run.Length > 0)
            _writer.Add(new PagemapEntry(run.Start, PageSize.Pages(run.Length), flags));
    }

    // Pages of the task's memory, after what is kept before them.
    private void Put(MemoryRange pages, PageFlags flags)
    {
        Name(pages, flags);
        CopyKept();
        while (pages.Length > 0)
        {
            if (!_batch.TryAdd(ref pages))
                WriteBatch();
        }
    }

    private void WriteBatch()
    {
        if (_batch.IsEmpty)
            return;
        _batch.Read();
        if (_batch.Pages.Length < _batch.WantedBytes)
            throw new TreeException($"wrong pages from 0x{_batch.Wanted[0].Start:x} on can't be read, "
                + "so that they can't be mended");
        _pages.Write(_pages.Reserve((ulong)_batch.Pages.Length), _batch.Pages);
        _batch.Begin(_memory.Memory);
    }

    private void CopyKept()
    {
        if (_kept == 0)
            return;
        _pages.Write(_pages.Reserve(_kept), _copy, _read, _kept);
        (_read, _kept) = (_read + _kept, 0);
    }
}
