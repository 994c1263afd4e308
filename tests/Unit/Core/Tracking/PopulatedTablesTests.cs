using System.Text;
using PreDump.Core.Select;
using PreDump.Core.Tracking;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Tracking;

/// <summary>What is read in a freeze of memory that was looked at before, and what is dirty unread.</summary>
public sealed class PopulatedTablesTests : IDisposable
{
    private const int Table = 512; // pages

    private readonly SparseMemory _memory = new(pages: 64 * Table);
    private readonly ProcPagemap _pagemap = ProcPagemap.Open(Environment.ProcessId);

    private byte[] Maps => Encoding.ASCII.GetBytes($"{_memory.Start:x}-{_memory.End:x} rw-p 00000000 00:00 0 \n");

    [Fact]
    public void Parts_are_whole_page_tables_that_have_pages_and_neighbours_are_one_part()
    {
        int first = FirstOfTable();
        foreach (int page in (int[])[first + 5, first + 7, first + (3 * Table), first + (4 * Table) + 511])
            _memory.Write(page);

        var tables = Look();

        Assert.Equal([first + 7, first + (3 * Table), first + (4 * Table) + 511], tables.Pages.Select(PageAt));
        Assert.Equal([(first, Table), (first + (3 * Table), 2 * Table)], Parts(tables, _memory.Start));
        Assert.Equal([(first + (3 * Table) + 9, (2 * Table) - 9)], Parts(tables, _memory.AddressOf(first + (3 * Table) + 9)));
    }

    [Fact]
    public void What_came_after_the_look_is_dirty_and_what_was_there_is_read()
    {
        int first = FirstOfTable();
        _memory.Write(first + 5);
        _memory.Write(first + (40 * Table));
        var tables = Look();
        _memory.Write(first + (20 * Table)); // not seen before

        var dirty = ReadDirty(tables, CancellationToken.None);

        bool IsDirty(int page) => new DirtyCursor(dirty).Contains(_memory.AddressOf(page));
        Assert.True(IsDirty(first + (20 * Table)));
        Assert.True(IsDirty(first + Table));
        Assert.True(IsDirty(first + (41 * Table)));
        Assert.False(IsDirty(first + 6)); // in a page table that was read, and no page
        Assert.False(IsDirty(first + (40 * Table) + 1));
    }

    [Fact]
    public void The_freeze_ends_when_it_is_cancelled_or_late()
    {
        Assert.Throws<OperationCanceledException>(() => ReadDirty(null, new CancellationToken(canceled: true)));
        Assert.Throws<TreeException>(() => ReadDirty(null, CancellationToken.None, deadline: 0));
    }

    public void Dispose()
    {
        _pagemap.Dispose();
        _memory.Dispose();
    }

    private PopulatedTables Look() =>
        PopulatedTables.Look(_pagemap, Maps, new VmaRules(Environment.ProcessId), new EmptyVmas(), CancellationToken.None);

    private List<MemoryRange> ReadDirty(PopulatedTables? tables, CancellationToken cancel, long deadline = long.MaxValue)
    {
        using var pages = new DirtyPages(bytes: 1024 * 1024);
        var read = pages.Read(_pagemap, Maps, new VmaRules(Environment.ProcessId), new VmaWindow(), tables,
            new FreezeLimit(deadline, cancel));
        return [.. pages.Each(read)];
    }

    private List<(int First, int Count)> Parts(PopulatedTables tables, ulong from)
    {
        var parts = new List<(int, int)>();
        tables.Rewind();
        for (ulong at = from; tables.TryNext(at, _memory.End, out var part); at = part.End)
            parts.Add((PageAt(part.Start), (int)PageSize.Pages(part.Length)));
        return parts;
    }

    private int FirstOfTable() => (int)(Table - (int)(PageSize.Pages(_memory.Start) % Table)) % Table;

    private int PageAt(ulong address) => (int)PageSize.Pages(address - _memory.Start);
}
