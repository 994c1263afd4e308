using PreDump.Commands;
using PreDump.Core;
using PreDump.Core.Maintenance;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Core.Maintenance;

/// <summary>Holes in the parents for pages that a later image replaces.</summary>
public sealed class DedupTests
{
    [Fact]
    public void Dedup_frees_exactly_what_is_replaced_also_in_the_parents_parent()
    {
        using var folder = new HandmadeRounds();
        string first = folder.Round("1"), second = folder.Round("2", "../1"), third = folder.Round("3", "../2");
        // pages 10..29 in the first; the second replaces 15..19 and leaves the rest; the third replaces 12..17 and 28..40
        var pages1 = folder.Task(first, 7, 1, (10, 10, PageFlags.Present), (20, 10, PageFlags.Present));
        var pages2 = folder.Task(second, 7, 2, (10, 5, PageFlags.Parent), (15, 5, PageFlags.Present), (20, 10, PageFlags.Parent),
            (30, 4, PageFlags.Present));
        var pages3 = folder.Task(third, 7, 3, (12, 6, PageFlags.Present), (18, 10, PageFlags.Parent),
            (28, 13, PageFlags.Present));

        Assert.Equal(3UL + 3 + 2 + 4, Opened.In(third, Dedup.Run));

        Assert.Equal(Enumerable.Range(0, 20).Where(page => page is not (2 or 3 or 4 or 18 or 19)),
            HandmadeRounds.PagesLeft(pages1));
        Assert.Equal([3, 4], HandmadeRounds.PagesLeft(pages2));
        Assert.Equal(Enumerable.Range(0, 19), HandmadeRounds.PagesLeft(pages3));
        Assert.Equal(20 * HandmadeRounds.PageBytes, new FileInfo(pages1).Length);
    }

    [Fact]
    public void Dedup_passes_over_tasks_that_only_one_round_knows()
    {
        using var folder = new HandmadeRounds();
        string first = folder.Round("1"), second = folder.Round("2", "../1");
        var ended = folder.Task(first, 7, 1, (10, 4, PageFlags.Present));
        folder.Task(second, 8, 2, (10, 4, PageFlags.Present));
        Assert.Equal(0UL, Opened.In(second, Dedup.Run));
        Assert.Equal(Enumerable.Range(0, 4), HandmadeRounds.PagesLeft(ended));
    }

    [Fact]
    public void Dedup_punches_holes_in_images_and_not_where_a_link_leads()
    {
        using var folder = new HandmadeRounds();
        string first = folder.Round("1"), second = folder.Round("2", "../1");
        var pages = folder.Task(first, 7, 1, (10, 4, PageFlags.Present));
        folder.Task(second, 7, 2, (10, 4, PageFlags.Present));
        var elsewhere = Path.Combine(folder.Path, "elsewhere");
        File.Move(pages, elsewhere);
        File.CreateSymbolicLink(pages, elsewhere);
        Assert.Contains("symbolic link", Assert.Throws<ImageException>(() => Opened.In(second, Dedup.Run)).Message);
        Assert.Equal(Enumerable.Range(0, 4), HandmadeRounds.PagesLeft(elsewhere));
    }

    [Fact]
    public void Dedup_refuses_images_without_a_parent()
    {
        using var folder = new HandmadeRounds();
        var error = Assert.Throws<PreDumpException>(() => DedupCommand.Run(folder.Round("1")));
        Assert.Contains("no parent link", error.Message);
    }
}
