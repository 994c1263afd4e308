using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>Up to a MiB of a task's pages on their way: the runs that are wanted, then those that could be read, with their bytes
/// one behind the other. The task is running, so a page may vanish between the scan and the read.</summary>
internal sealed class PageBatch : IDisposable
{
    /// <summary>Bytes of a full batch: as fast as larger ones, and it stays in the processor's cache until it is written.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const int MaxRuns = 1024; // IOV_MAX

    private readonly NativeBuffer _pages = new(MaxBytes);
    private readonly MemoryRange[] _wanted = new MemoryRange[MaxRuns];
    private readonly List<PageRun> _inParent = new(MaxRuns);
    private readonly List<PageRun> _runs = new(2 * MaxRuns);
    private int _wantedCount;
    private int _wantedBytes;
    private int _readBytes;

    /// <summary>Whether nothing is wanted.</summary>
    public bool IsEmpty => _wantedCount == 0 && _inParent.Count == 0;

    /// <summary>After <see cref="Read"/>: the runs, ascending.</summary>
    public ReadOnlySpan<PageRun> Runs => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_runs);

    /// <summary>After <see cref="Read"/>: the bytes of the copied ones.</summary>
    public ReadOnlySpan<byte> Pages => _pages.Span[.._readBytes];

    /// <summary>Adds as much of a run as there is room for, and takes that off it. False where the batch is full.</summary>
    public bool TryAdd(ref MemoryRange run, bool inParent)
    {
        if (inParent)
        {
            if (_inParent.Count == MaxRuns)
                return false;
            _inParent.Add(new PageRun(run, true));
            run = default;
            return true;
        }
        if (_wantedCount == MaxRuns || _wantedBytes == MaxBytes)
            return false;
        ulong bytes = Math.Min(run.Length, (ulong)(MaxBytes - _wantedBytes));
        _wanted[_wantedCount++] = new MemoryRange(run.Start, bytes);
        _wantedBytes += (int)bytes;
        run = run.Skip(bytes);
        return true;
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        (_wantedCount, _wantedBytes, _readBytes) = (0, 0, 0);
        _inParent.Clear();
        _runs.Clear();
    }

    /// <summary>Copies the wanted pages. Where process_vm_readv(2) stops short, the rest of that run is read through /proc/PID/mem,
    /// which may read more (PROT_NONE); where that fails too, the page tables are asked again: what has vanished is left out,
    /// and what follows it is still read.</summary>
    /// <exception cref="TaskGoneException">The task has ended, or has become one that we may not read.</exception>
    public void Read(RemoteMemory memory, Pagemap pagemap, Losses losses)
    {
        for (int i = 0; i < _wantedCount;)
        {
            int got = memory.Read(_wanted.AsSpan(i, _wantedCount - i), _pages.Span[_readBytes..], out int error);
            if (got < 0 && error is Errno.ESRCH or Errno.EPERM)
                throw new TaskGoneException(error == Errno.EPERM);
            if (got < 0 && error is not (Errno.EFAULT or Errno.ENOMEM))
                throw new LinuxException("process_vm_readv", $"{_wanted[i].Start:x}", error);
            Account(ref i, Math.Max(got, 0));
            if (i < _wantedCount && !TryReadForced(memory, ref i))
                SkipVanished(pagemap, losses, ref i);
        }
        MergeInParent();
        if (memory.HasEnded) // then the bytes may be those of a stranger with the same pid
            throw new TaskGoneException(notPermitted: false);
    }

    /// <inheritdoc/>
    public void Dispose() => _pages.Dispose();

    private bool TryReadForced(RemoteMemory memory, ref int i)
    {
        int got = memory.ReadForced(_wanted[i], _pages.Span[_readBytes..]);
        got -= got % PageSize.Bytes;
        Account(ref i, got);
        return got > 0;
    }

    // Notes `bytes` more as read: whole runs first, then a part of one, of which the rest stays wanted.
    private void Account(ref int i, int bytes)
    {
        bytes -= bytes % PageSize.Bytes;
        _readBytes += bytes;
        for (; bytes > 0; i++)
        {
            var run = _wanted[i];
            if ((ulong)bytes < run.Length)
            {
                _runs.Add(new PageRun(new MemoryRange(run.Start, (ulong)bytes), false));
                _wanted[i] = run.Skip((ulong)bytes);
                return;
            }
            _runs.Add(new PageRun(run, false));
            bytes -= (int)run.Length;
        }
    }

    // The first page of run i can't be read. Goes on with the first one that the page tables still show.
    private void SkipVanished(Pagemap pagemap, Losses losses, ref int i)
    {
        var run = _wanted[i];
        Span<MemoryRange> still = stackalloc MemoryRange[1];
        ulong at = run.Start, next = run.End;
        while (at < run.End)
        {
            if (pagemap.Scan(ref at, run.End, PageFilter.Present, anonymous: true, still) > 0)
            {
                next = still[0].Start;
                break;
            }
        }
        if (next == run.Start) // it is there, and nobody can read it: broken hardware, a guard page of an older kernel
        {
            losses.Unreadable++;
            next += (ulong)PageSize.Bytes;
        }
        else
            losses.Vanished += PageSize.Pages(next - run.Start);
        if (next == run.End)
            i++;
        else
            _wanted[i] = run.Skip(next - run.Start);
    }

    private void MergeInParent()
    {
        if (_inParent.Count == 0)
            return;
        _runs.AddRange(_inParent);
        _runs.Sort(static (a, b) => a.Range.Start.CompareTo(b.Range.Start));
    }
}

/// <summary>Pages that were chosen and could not be copied.</summary>
internal sealed class Losses
{
    /// <summary>Unmapped, or given back to the kernel, while the tree was running: a later round will not miss them.</summary>
    public ulong Vanished { get; set; }

    /// <summary>There, and not readable in any way.</summary>
    public ulong Unreadable { get; set; }
}

/// <summary>The task ended while it was being copied, or ran a program that may not be read.</summary>
internal sealed class TaskGoneException(bool notPermitted) : Exception
{
    /// <summary>It lives, but under another user's rights now.</summary>
    public bool NotPermitted { get; } = notPermitted;
}
