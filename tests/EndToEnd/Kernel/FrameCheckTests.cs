using System.Runtime.InteropServices;
using CsCheck;
using PreDump.Core.Reading;
using PreDump.Core.Select;
using PreDump.Core.Tracking;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.EndToEnd.Kernel;

/// <summary>Which pages of our own memory still have the frames that were noted; the kernel moves some of them.</summary>
public sealed unsafe partial class FrameCheckTests : IDisposable
{
    private const int Pid = 7, Huge = 512;
    private const ulong StartTime = 99;
    private const int Pages = 9 * Huge; // the first boundary of a page table is somewhere in the first 512

    private static readonly ulong s_page = PageSize.Step;

    private readonly Scratch _directory = new();
    private readonly ulong _memory;
    private readonly ProcPagemap _pagemap = ProcPagemap.Open(Environment.ProcessId);

    public FrameCheckTests()
    {
        Requires.Root();
        Assert.SkipUnless(PageFrames.AreVisible, "needs CAP_SYS_ADMIN: page frames");
        _memory = (ulong)mmap(null, (nuint)((Pages + Huge) * s_page), 3, 0x22, -1, 0);
        _memory = (_memory + (Huge * s_page) - 1) & ~((Huge * s_page) - 1);
        const int MADV_NOHUGEPAGE = 15;
        Assert.Equal(0, madvise((void*)_memory, (nuint)(Pages * s_page), MADV_NOHUGEPAGE));
        for (int page = 0; page < Pages; page++)
            *(int*)(_memory + ((ulong)page * s_page)) = page;
    }

    public void Dispose()
    {
        if (_memory != 0)
            _ = munmap((void*)_memory, (nuint)(Pages * s_page));
        _pagemap.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Pages_that_stay_are_the_same_and_moved_page_tables_are_not()
    {
        Note();
        using var ledger = Opened.Ledger(_directory.Path)!;
        Assert.All(Check(ledger), Assert.True);

        // 2 x 2 MiB over other pages: the kernel moves the page tables, and marks nothing
        ulong from = _memory + (2 * Huge * s_page), to = _memory + (5 * Huge * s_page);
        Assert.Equal(to, (ulong)mremap((void*)from, (nuint)(2 * Huge * s_page), (nuint)(2 * Huge * s_page), 3, (void*)to));

        var same = Check(ledger);
        for (int page = 0; page < Pages; page++)
            if (page is < 2 * Huge or >= 4 * Huge) // (the source of the move is empty now)
                Assert.Equal(page is < 5 * Huge or >= 7 * Huge, same[page]);
    }

    [Fact]
    public void Pages_that_are_not_noted_are_not_the_same() => Gen.Bool.Array[Pages].Sample(noted =>
    {
        Note(noted);
        using var ledger = Opened.Ledger(_directory.Path)!;
        Assert.Equal(noted, Check(ledger));
    }, iter: 10, threads: 1);

    [Fact]
    public void Without_a_ledger_of_the_task_no_page_is_the_same()
    {
        Note();
        using var ledger = Opened.Ledger(_directory.Path)!;
        Assert.All(Check(ledger, startTime: StartTime + 1), Assert.False); // the pid belongs to another task now
        Assert.All(Check(null), Assert.False);
    }

    [Fact]
    public void Pages_that_move_while_they_are_read_are_not_noted()
    {
        var notes = new FrameNotes(Pages);
        var frames = new ulong[Pages];
        PageFrames.Read(_pagemap, _memory, frames);
        notes.Add(_memory, frames);
        ulong from = _memory + (Huge * s_page), to = _memory + (3 * Huge * s_page);
        Assert.Equal(to, (ulong)mremap((void*)from, (nuint)(Huge * s_page), (nuint)(Huge * s_page), 3, (void*)to));

        notes.ForgetMoved(_pagemap);

        WriteLedger(ledger => FrameNotes.Write(notes, new FrameNotes(0), ledger));
        using var read = Opened.Ledger(_directory.Path)!;
        var same = Check(read);
        for (int page = 0; page < Pages; page++)
            Assert.Equal(page is < Huge or (>= 2 * Huge and < 3 * Huge) or >= 4 * Huge, same[page]);
    }

    [Fact]
    public void Notes_of_read_and_of_left_pages_are_written_in_the_order_of_the_addresses() =>
        Gen.Bool.Array[1, 200].Sample(left =>
        {
            var read = new FrameNotes(200);
            var parents = new FrameNotes(200);
            for (int page = 0; page < left.Length; page++)
                (left[page] ? parents : read).Add((ulong)page * s_page, [(ulong)page + 5000]);
            WriteLedger(ledger => FrameNotes.Write(parents, read, ledger));
            using var ledger = Opened.Ledger(_directory.Path)!;
            var frames = new ulong[left.Length];
            ledger.OpenTask(Pid, StartTime)!.Read(0, frames);
            Assert.Equal(Enumerable.Range(5000, left.Length).Select(frame => (ulong)frame), frames);
        }, iter: 100, threads: 1);

    // Swap slots are freed and reused like frames, but independently of them.
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Pages_that_may_lie_in_the_place_of_others_are_not_noted(bool frames, bool slots)
    {
        const ulong Slot = 1UL << 62;
        var notes = new FrameNotes(10);
        notes.Add(0, [5, Slot | 5, PageFrames.Unknown, PageFrames.None]);
        notes.Forget(frames, slots);
        WriteLedger(ledger => FrameNotes.Write(notes, new FrameNotes(0), ledger));
        using var ledger = Opened.Ledger(_directory.Path)!;
        var noted = new ulong[4];
        ledger.OpenTask(Pid, StartTime)!.Read(0, noted);
        Assert.Equal(
            [frames ? PageFrames.Unknown : 5, slots ? PageFrames.Unknown : Slot | 5, PageFrames.Unknown, PageFrames.None],
            noted);
    }

    [Fact]
    public void Once_a_page_table_of_relocated_pages_has_gone_no_table_with_as_few_pages_is_certain()
    {
        var noted = new bool[Pages];
        Array.Fill(noted, true);
        Array.Fill(noted, false, (3 * Huge) + 10, Huge - 10); // 10 pages of the first one; 9, 10 and 11 of the others
        Array.Fill(noted, false, (5 * Huge) + 9, Huge - 9);
        Array.Fill(noted, false, (6 * Huge) + 10, Huge - 10);
        Array.Fill(noted, false, (7 * Huge) + 11, Huge - 11);
        Note(noted);
        using var ledger = Opened.Ledger(_directory.Path)!;
        Assert.Equal(noted, Check(ledger, relocated: true)); // all tables are in place
        GiveUp(3 * Huge, Huge);

        Array.Fill(noted, false, 3 * Huge, Huge);
        Assert.Equal(noted, Check(ledger)); // no page was moved to another frame
        Array.Fill(noted, false, 5 * Huge, 2 * Huge);
        Assert.Equal(noted, Check(ledger, relocated: true));
    }

    [Fact]
    public void A_page_table_that_lost_some_pages_or_whose_pages_are_dirty_where_they_were_has_not_gone()
    {
        Note();
        using var ledger = Opened.Ledger(_directory.Path)!;
        GiveUp(3 * Huge, Huge - 1);
        var same = Check(ledger, relocated: true);
        for (int page = 0; page < Pages; page++)
            if (page is < 3 * Huge or >= 4 * Huge)
                Assert.True(same[page]);
        Assert.Equal(same, Check(ledger, relocated: true, dirty: [Memory(5 * Huge, Huge)]));
        // the one that was left may be a different page
        Assert.DoesNotContain(true, Check(ledger, relocated: true, dirty: [Memory(4 * Huge - 1, 1)]));
    }

    [Fact]
    public void Pages_that_move_while_they_are_asked_for_make_the_answers_void_if_pages_were_relocated()
    {
        Note();
        using var ledger = Opened.Ledger(_directory.Path)!;
        var check = new FrameCheck(ledger, () => ledger.Head.Relocations + 1);
        check.Begin(Pid, StartTime, _pagemap, () => []);
        Assert.False(check.End());
        check.Begin(Pid, StartTime, _pagemap, () => []);
        GiveUp(3 * Huge, Huge);
        Assert.True(check.End());
        check.Begin(Pid, StartTime, _pagemap, () => []);
        Assert.False(check.End()); // known from the start
    }

    [Fact]
    public void A_page_table_that_was_elsewhere_in_the_freeze_and_dirty_there_is_not_certain()
    {
        Note();
        using var ledger = Opened.Ledger(_directory.Path)!;
        using var tables = new DirtyTables(0);
        // During the freeze table 2 was in the place of table 5 (and was written to there); it has been moved back since.
        ulong[] away = [2 * Huge, 3 * Huge, 4 * Huge, 5 * Huge];
        ulong At(ulong table) => _memory + (table * s_page);
        void Move(ulong from, ulong to) => Assert.Equal(At(to),
            (ulong)mremap((void*)At(from), (nuint)(Huge * s_page), (nuint)(Huge * s_page), 3, (void*)At(to)));
        Move(away[3], away[1]);
        Move(away[0], away[3]);
        var read = tables.Read(_pagemap,
            [Memory(100, 3), Memory((5 * Huge) + 3, 1), Memory((5 * Huge) + 8, 3), Memory((7 * Huge) + 9, Huge)]);
        Assert.Equal([100, (5 * Huge) + 3, (7 * Huge) + 9, 8 * Huge],
            tables[read].ToArray().Select(page => (int)PageSize.Pages(page.Address - _memory)));
        Move(away[3], away[0]);
        Move(away[1], away[3]);

        var same = Check(ledger, tables: tables[read].ToArray());

        for (int page = 0; page < Pages; page++)
            if (page is < 3 * Huge or >= 4 * Huge)
                Assert.Equal(page is < 2 * Huge or >= 3 * Huge, same[page]);
    }

    private MemoryRange Memory(int page, int count) => new(_memory + ((ulong)page * s_page), (ulong)count * s_page);

    private void GiveUp(int page, int count)
    {
        const int MADV_DONTNEED = 4;
        Assert.Equal(0, madvise((void*)Memory(page, count).Start, (nuint)Memory(page, count).Length, MADV_DONTNEED));
    }

    private void Note(bool[]? which = null) => WriteLedger(ledger =>
    {
        var frames = new ulong[Pages];
        PageFrames.Read(_pagemap, _memory, frames);
        for (int page = 0; page < Pages; page++)
            if (which is null || which[page])
                ledger.Add(_memory + ((ulong)page * s_page), frames.AsSpan(page, 1));
    });

    private void WriteLedger(Action<FrameLedgerWriter> write) =>
        Ledgers.Write(_directory.Path, new FrameLedgerHead(0, default, Relocations: 7), ledger =>
        {
            ledger.BeginTask(Pid, StartTime);
            write(ledger);
            ledger.EndTask();
        });

    private bool[] Check(FrameLedger? ledger, ulong startTime = StartTime, bool relocated = false, MemoryRange[]? dirty = null,
        PlacedPage[]? tables = null)
    {
        var check = new FrameCheck(ledger, () => (ledger?.Head.Relocations ?? 0) + (relocated ? 1UL : 0UL));
        check.Begin(Pid, startTime, _pagemap, () => dirty ?? [], tables);
        var same = new List<bool>();
        for (var rest = new MemoryRange(_memory, Pages * s_page); rest.Length > 0;)
        {
            ulong bytes = check.Next(rest, out bool isSame);
            Assert.InRange(bytes, s_page, rest.Length);
            if (isSame)
                Assert.Equal((int)PageSize.Pages(bytes), check.FramesOf(rest with { Length = bytes }).Length);
            same.AddRange(Enumerable.Repeat(isSame, (int)PageSize.Pages(bytes)));
            rest = rest.Skip(bytes);
        }
        return [.. same];
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial void* mmap(void* at, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial void* mremap(void* at, nuint length, nuint newLength, int flags, void* to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(void* at, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int madvise(void* at, nuint length, int advice);
}
