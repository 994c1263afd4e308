using PreDump.Core.Comparing;
using PreDump.Core.Reading;
using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>Rewrites a task's images of the final dump to include the pages that are wrong in the parents; the parents' images
/// stay unchanged. New files are written next to the old ones, and one rename replaces them. Nothing is fsynced: criu does not
/// fsync its images either, so after a power failure there is nothing to restore, and if predump is killed, the page cache keeps
/// every step in order.
/// <code>
///   old images   pagemap:  A present | B in parent (wrong) | C present        pages-1.img:  A C
///   new images   pagemap:  A present | B present           | C present        pages-2.img:  A B C
///                                                                             B is read from the stopped task
/// </code></summary>
public sealed class MendedTask : IDisposable
{
    private readonly FinalImages _images;
    private readonly string _name, _newPagemap, _newPages;
    private readonly StoppedMemory _memory;
    private readonly PageBatch _batch = new();
    private readonly TaskImageWriter _writer = new();
    private readonly PagesFile _pages; // the new file
    private readonly Fd _oldPages;
    private readonly FileCopy _copy;
    private readonly uint _oldId;
    private ulong _read; // bytes of the old pages file that are copied already
    private ulong _kept; // the number of bytes after _read that are still to be copied
    private bool _isInPlace;

    private MendedTask(FinalImages images, TreeTask task, string name, uint oldId, uint newId)
    {
        (_images, _name, _oldId) = (images, name, oldId);
        (_newPagemap, _newPages) = (ImageNames.NewPagemap(name), ImageNames.Pages(newId));
        _memory = StoppedMemory.Open(task);
        _batch.Begin(_memory.Memory);
        _oldPages = images.Directory.OpenImage(ImageNames.Pages(oldId));
        _images.TryRemove(_newPagemap); // left by a run that was killed
        var newPages = _images.Create(_newPages);
        _copy = new FileCopy(_oldPages, newPages);
        _pages = new PagesFile(newPages, allocatesAhead: false); // because old holes must stay holes
        _writer.Begin(_images.Create(_newPagemap), _pages, newId);
    }

    /// <summary>Rewrites a task's images. If it throws, the old ones are still in place.</summary>
    /// <param name="images">The final dump's images.</param>
    /// <param name="task">The task, which is stopped.</param>
    /// <param name="wrong">The wrong pages, ascending, all of which the images leave to the parent.</param>
    /// <param name="newId">N of a pages-N.img that does not exist.</param>
    /// <exception cref="ImageException">An image is damaged.</exception>
    /// <exception cref="TreeException">A wrong page can't be read.</exception>
    /// <exception cref="LinuxException">The images can't be written.</exception>
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
                AddEntry(run with { Length = start - run.Start }, entry.Flags);
                AddFromMemory(new MemoryRange(start, end - start), (entry.Flags & ~PageFlags.Parent) | PageFlags.Present);
                bool goesOn = wrong[next].End > run.End; // it continues in the next entry
                run = run.Skip(end - run.Start);
                if (goesOn)
                    break;
                next++;
            }
            AddEntry(run, entry.Flags);
        }
        WriteBatch();
        CopyKept();
        if (_oldPages.Length != _read)
            throw new ImageException(_oldPages.Path, $"{_oldPages.Length} bytes, but {_name} names {_read}");
    }

    // Both new files are complete and closed before the pagemap is replaced, so the images are valid at every moment. (Some file
    // systems report a full disk only at close(2).) The old pages are removed last, when no pagemap refers to them.
    private void PutInPlace()
    {
        _writer.End();
        _images.Replace(_name, _newPagemap);
        _isInPlace = true;
        _images.TryRemove(ImageNames.Pages(_oldId));
    }

    private void AddEntry(MemoryRange run, PageFlags flags)
    {
        if (run.Length > 0)
            _writer.Add(new PagemapEntry(run.Start, PageSize.Pages(run.Length), flags));
    }

    // Adds pages of the task's memory, after the old pages that precede them.
    private void AddFromMemory(MemoryRange pages, PageFlags flags)
    {
        AddEntry(pages, flags);
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
            throw new TreeException($"wrong pages at 0x{_batch.Wanted[0].Start:x} can't be read, so they can't be mended");
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
