using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Images;

/// <summary>What the check of a directory accepts, and what it reports.</summary>
public sealed class ImageCheckTests : IDisposable
{
    private readonly HandmadeRounds _folder = new();
    private readonly string _first, _second;

    public ImageCheckTests()
    {
        _first = _folder.Round("1", uptimeMicroseconds: 1);
        _second = _folder.Round("2", "../1", uptimeMicroseconds: 2);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_pages_of_a_sound_chain_are_counted()
    {
        _folder.Task(_first, 7, 1, (10, 4, PageFlags.Present), (14, 2, PageFlags.Present | PageFlags.Lazy));
        _folder.Task(_second, 7, 2, (10, 2, PageFlags.Parent), (12, 1, PageFlags.Present), (13, 3, PageFlags.Parent),
            (30, 9, PageFlags.Lazy));
        _folder.Task(_second, 8, 2, (10, 2, PageFlags.Present));

        var result = Check(_second, out var problems);

        Assert.Empty(problems);
        Assert.Equal((2, 3UL, 5UL, 0), (result.Tasks, result.PagesPresent, result.PagesInParent, result.Problems));
        Assert.Equal([_second, _first], result.Chain.Select(round => round.Path));
    }

    [Fact]
    public void The_check_does_not_mind_images_of_a_full_dump_and_of_shared_memory()
    {
        _folder.Task(_first, 7, 1, (10, 4, PageFlags.Present));
        File.Move(Path.Combine(_first, ImageNames.Pagemap(7)), Path.Combine(_first, ImageNames.PagemapShmem(7)));
        foreach (var name in new[] { "core-1.img", "files.img", "dump.log", "irmap-cache", "tmpfs-dev-1.tar.gz.img" })
            File.WriteAllText(Path.Combine(_first, name), "something else");

        var result = Check(_first, out var problems);

        Assert.Empty(problems);
        Assert.Equal((0, 4UL), (result.Tasks, result.PagesPresent));
    }

    [Fact]
    public void Each_run_that_the_parent_lacks_is_told_by_its_address()
    {
        _folder.Task(_first, 7, 1, (10, 4, PageFlags.Present), (16, 1, PageFlags.Lazy));
        _folder.Task(_second, 7, 2, (9, 3, PageFlags.Parent), (13, 5, PageFlags.Parent));

        Check(_second, out var problems);

        Assert.Equal([9UL * 4096, 14UL * 4096], problems.Select(problem => problem.Vaddr));
        Assert.All(problems, problem => Assert.EndsWith("2/pagemap-7.img", problem.File));
        Assert.StartsWith("1 page is left", problems[0].What);
        Assert.StartsWith("4 pages are left", problems[1].What);
    }

    [Fact]
    public void Very_many_runs_that_the_parent_lacks_are_one_line_more()
    {
        _folder.Task(_first, 7, 1);
        _folder.Task(_second, 7, 2, [.. Enumerable.Range(0, 500).Select(i => ((ulong)i * 2, 1UL, PageFlags.Parent))]);

        Check(_second, out var problems);

        Assert.Equal(11, problems.Count);
        Assert.StartsWith("490 more pages", problems[^1].What);
    }

    [Fact]
    public void A_task_that_the_parent_does_not_know_can_leave_nothing_to_it()
    {
        _folder.Task(_second, 7, 2, (9, 3, PageFlags.Parent));
        Assert.Contains("does not have them", Only(_second));
    }

    [Fact]
    public void A_page_that_is_missing_further_down_the_chain_is_told_there()
    {
        var third = _folder.Round("3", "../2", uptimeMicroseconds: 3);
        _folder.Task(_first, 7, 1, (10, 1, PageFlags.Present));
        _folder.Task(_second, 7, 2, (10, 2, PageFlags.Parent));
        _folder.Task(third, 7, 3, (10, 2, PageFlags.Parent));
        Assert.StartsWith(Path.Combine(_second, "pagemap-7.img") + ": at 0xb000: ", Only(third));
    }

    [Fact]
    public void Two_pagemaps_with_the_same_pages_file_are_told()
    {
        _folder.Task(_first, 7, 1, (10, 1, PageFlags.Present));
        File.Copy(Path.Combine(_first, ImageNames.Pagemap(7)), Path.Combine(_first, ImageNames.Pagemap(8)));
        Assert.Contains("which are the pages of pagemap-7.img", Only(_first));
    }

    [Fact]
    public void A_pages_file_that_no_pagemap_names_is_told_as_left_over()
    {
        File.WriteAllBytes(Path.Combine(_first, ImageNames.Pages(9)), []);
        Assert.Contains("no pagemap names these pages", Only(_first));
    }

    [Theory]
    [InlineData(4095)]
    [InlineData(4097)]
    [InlineData(0)]
    [InlineData(8192)]
    public void A_pages_file_that_is_too_short_or_too_long_is_told(int length)
    {
        var pages = _folder.Task(_first, 7, 1, (10, 1, PageFlags.Present));
        File.WriteAllBytes(pages, new byte[length]);
        Assert.StartsWith($"{pages}: {length} bytes, but pagemap-7.img names 1 pages, 4096 bytes", Only(_first));
    }

    [Fact]
    public void Images_without_an_inventory_are_not_whole_but_a_parent_may_be_of_a_page_server()
    {
        File.Delete(Path.Combine(_first, ImageNames.Inventory));
        Assert.Contains("incomplete", Only(_first));
        Check(_second, out var problems);
        Assert.Empty(problems);
    }

    [Fact]
    public void A_round_under_way_is_told_once()
    {
        File.Move(Path.Combine(_first, ImageNames.Inventory), Path.Combine(_first, ImageNames.ClaimedInventory));
        Assert.Contains("under way or has failed", Only(_first));
    }

    /// <summary>Who compares contents needs no more of a parent than its bytes.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(ImageNames.ByContent)]
    [InlineData(ImageNames.PageServerMark)]
    public void A_failed_round_on_a_parent_is_of_no_matter_to_one_by_content(string? mark)
    {
        File.Move(Path.Combine(_first, ImageNames.Inventory), Path.Combine(_first, ImageNames.ClaimedInventory));
        if (mark is not null)
            File.WriteAllText(Path.Combine(_second, mark), "");
        Check(_second, out var problems);
        Assert.Equal(mark is null ? 1 : 0, problems.Count);
    }

    [Fact]
    public void A_round_that_was_killed_at_its_end_is_told()
    {
        File.WriteAllText(Path.Combine(_first, ImageNames.NewInventory), "");
        Assert.Contains("ended before it was complete", Only(_first));
    }

    [Fact]
    public void A_parent_that_is_younger_than_its_child_is_told()
    {
        _folder.Round("1", uptimeMicroseconds: 3);
        Assert.Contains("the parent link is wrong", Only(_second));
    }

    [Fact]
    public void Damaged_statistics_are_told()
    {
        File.WriteAllText(Path.Combine(_first, ImageNames.Stats), "no statistics");
        Assert.Contains(ImageNames.Stats, Only(_first));
    }

    [Fact]
    public void A_pages_file_that_shrinks_while_it_is_read_is_an_error()
    {
        var pages = _folder.Task(_first, 7, 1, (10, 4, PageFlags.Present));
        using var chain = ImageChain.Open(_first);
        using var task = ChainedPages.TryOpen(chain, ImageNames.Pagemap(7), Bytes.PageSize)!;
        task.Locate(10 * 4096, 4, out var place);
        place.Round!.Read(place.Offset, new byte[4 * 4096]);
        File.WriteAllBytes(pages, new byte[5000]);
        var e = Assert.Throws<ImageException>(() => place.Round.Read(place.Offset, new byte[4 * 4096]));
        Assert.Equal($"{pages}: ends at 5000 bytes, before the pages that its pagemap lists", e.Message);
    }

    private static string Only(string directory)
    {
        Check(directory, out var problems);
        return Assert.Single(problems).ToString();
    }

    private static ImageCheckResult Check(string directory, out List<ImageProblem> problems)
    {
        var told = problems = [];
        var result = Opened.Check(directory, told.Add);
        Assert.Equal(told.Count, result.Problems);
        return result;
    }
}
