using PreDump.Core.Select;
using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>A look at a running tree: the pages that were written to since its tracking was last reset. Nothing is frozen and
/// nothing is reset.</summary>
public sealed class DirtyLook
{
    private readonly List<ChangedArea> _areas = [];

    internal DirtyLook()
    {
    }

    /// <summary>A look that has found nothing.</summary>
    public static DirtyLook Nothing { get; } = new();

    /// <summary>The mappings with such pages, in the order of tasks and addresses.</summary>
    public IReadOnlyList<ChangedArea> Areas => _areas;

    /// <summary>The number of such pages.</summary>
    public ulong Pages { get; private set; }

    /// <summary>The number of all pages that these tasks have in memory; shared ones count for each.</summary>
    public ulong ResidentPages { get; private set; }

    /// <summary>The number of tasks that were looked at.</summary>
    public int Tasks { get; private set; }

    /// <summary>Looks at all tasks that can be looked at.</summary>
    /// <param name="root">The tree's root.</param>
    /// <param name="cancel">Ends the look.</param>
    /// <exception cref="TreeException">The root has ended.</exception>
    /// <exception cref="OperationCanceledException">The look was cancelled.</exception>
    public static DirtyLook Take(TreeRoot root, CancellationToken cancel)
    {
        var look = new DirtyLook();
        using var tree = new ProcessTree(root);
        tree.Scan((_, _) => { });
        foreach (var task in tree.Tasks)
        {
            try
            {
                look.Add(task.Pid, cancel);
            }
            catch (LinuxException)
            {
                // It has just ended, or runs a program that may not be read.
            }
        }
        return look;
    }

    private void Add(int pid, CancellationToken cancel)
    {
        using var mapsFile = ProcFs.TryOpen(pid, "maps");
        using var pagemapFile = ProcFs.TryOpen(pid, "pagemap");
        if (mapsFile is null || pagemapFile is null)
            return;
        Begin(pid);
        using var arena = new MapsArena(0);
        var maps = arena[arena.Read(mapsFile)];
        using var dirty = new DirtyPages(64 * 1024);
        var found = dirty.Read(new ProcPagemap(pagemapFile), maps, new VmaRules(pid), new VmaWindow(), populated: null,
            new FreezeLimit(long.MaxValue, cancel));
        AddAreas(pid, maps, dirty[found]);
    }

    /// <summary>Counts a task.</summary>
    internal void Begin(int pid)
    {
        Tasks++;
        ResidentPages += ProcFs.ResidentPages(pid);
    }

    /// <summary>Adds pages of a task.</summary>
    /// <param name="pid">The task.</param>
    /// <param name="text">Its maps.</param>
    /// <param name="dirty">The pages, ascending.</param>
    internal void AddAreas(int pid, ReadOnlySpan<byte> text, ReadOnlySpan<MemoryRange> dirty)
    {
        var maps = new MapsReader(text);
        int at = 0;
        while (at < dirty.Length && maps.TryRead(out var vma))
        {
            ulong bytes = 0;
            for (; at < dirty.Length && dirty[at].Start < vma.End; at++)
            {
                ulong start = Math.Max(dirty[at].Start, vma.Start), end = Math.Min(dirty[at].End, vma.End);
                bytes += end > start ? end - start : 0;
                if (dirty[at].End > vma.End)
                    break; // it goes on in the next one
            }
            if (bytes == 0)
                continue;
            Pages += PageSize.Pages(bytes);
            _areas.Add(new ChangedArea(
                pid, RawText.Decode(vma.Name), new MemoryRange(vma.Start, vma.End - vma.Start), PageSize.Pages(bytes)));
        }
    }
}

/// <summary>A mapping in which pages were written to.</summary>
/// <param name="Pid">The task.</param>
/// <param name="Name">The path or the [name] in /proc/PID/maps; empty for anonymous memory.</param>
/// <param name="Range">Its addresses.</param>
/// <param name="DirtyPages">The number of pages.</param>
public sealed record ChangedArea(int Pid, string Name, MemoryRange Range, ulong DirtyPages);
