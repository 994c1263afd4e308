using PreDump.Core.History;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Core.History;

public sealed class ChainHistoryTests : IDisposable
{
    private readonly HandmadeRounds _rounds = new();

    public void Dispose() => _rounds.Dispose();

    [Fact]
    public void A_directory_of_rounds_and_the_end_of_their_chain_have_the_same_history()
    {
        Chain();
        foreach (var path in new[] { _rounds.Path, Path.Combine(_rounds.Path, "10") })
        {
            var history = ChainHistory.Of(path);
            Assert.Equal(["1", "2", "10"], history.Rounds.Select(round => round.Name));
            Assert.Equal([10UL, 3UL, 1UL], history.Rounds.Select(round => round.PagesWritten));
            Assert.Equal([0UL, 9UL, 11UL], history.Rounds.Select(round => round.PagesInParent));
            Assert.Equal([null, 3UL, 1UL], history.Rounds.Select(round => round.PagesDirty));
            Assert.Equal([null, 2_000_000UL, 1_000_000UL], history.Rounds.Select(round => round.IntervalMicroseconds));
            Assert.Equal([7, 9], history.Maps.Select(map => map.Pid));
        }
    }

    [Fact]
    public void A_map_tells_what_was_written_where()
    {
        Chain();
        var map = ChainHistory.Of(_rounds.Path).Maps[0];
        Assert.Equal([(16UL * 4096, 24UL * 4096), (1000UL * 4096, 1002UL * 4096)], map.Rows.Select(row => (row.Start, row.End)));
        Assert.Equal([new MapCell(8, 8), new MapCell(1, 8), new MapCell(0, 8)], map.Rows[0].Cells);
        Assert.Equal([new MapCell(0, 0), new MapCell(2, 2), new MapCell(1, 2)], map.Rows[1].Cells);
    }

    [Fact]
    public void The_journal_names_areas_even_of_a_chain_that_was_moved()
    {
        Chain();
        Journal("""{"round":1,"images_dir":"/old/1","parent_dir":null,"areas":[{"pid":7,"name":"[heap]","pages_written":8}]}""",
            """{"round":2,"images_dir":"/old/2","parent_dir":"/old/1","pages_dirty":5,"interval_us":500000,"areas":"""
                + """[{"pid":7,"name":"[heap]","start":"0x10000","end":"0x18000","pages_written":1}]}""");
        var history = ChainHistory.Of(_rounds.Path);
        Assert.Equal([null, 5UL, 1UL], history.Rounds.Select(round => round.PagesDirty));
        Assert.Equal(10, history.Rounds[1].DirtyRate);
        Assert.Equal([new ChangedArea(7, "[heap]", 0x10000, 0x18000, 1)], history.Areas);
        Assert.Equal(["[heap]", null], history.Maps[0].Rows.Select(row => row.Name));
    }

    [Fact]
    public void Without_a_journal_the_areas_are_rows_of_the_maps()
    {
        Chain();
        Assert.Equal([(7UL, 3UL), (7UL, 1UL)], ChainHistory.Of(_rounds.Path).Areas.Select(area => (area.Pid, area.PagesWritten)));
    }

    [Fact]
    public void Directories_that_are_not_complete_are_left_out_and_named()
    {
        Chain();
        Directory.CreateDirectory(Path.Combine(_rounds.Path, "11"));
        Directory.CreateDirectory(Path.Combine(_rounds.Path, "other"));
        File.WriteAllText(Path.Combine(_rounds.Path, "12"), "");
        var history = ChainHistory.Of(_rounds.Path);
        Assert.Equal(3, history.Rounds.Count);
        Assert.Equal(["11"], history.Directory.Incomplete);
    }

    [Fact]
    public void Of_a_long_chain_the_first_round_and_the_last_ones_are_looked_at()
    {
        for (int i = 1; i <= 100; i++)
            _rounds.Task(_rounds.Round($"{i}", i == 1 ? null : $"../{i - 1}"), 7, 1, (16, 1, PageFlags.Present));
        var history = ChainHistory.Of(_rounds.Path);
        Assert.Equal(ChainHistory.MaxRounds, history.Rounds.Count);
        Assert.Equal(60, history.LeftOut);
        Assert.Equal(["1", "62", "100"], new[] { 0, 1, ^1 }.Select(i => history.Rounds[i].Name));
    }

    [Fact]
    public void A_directory_without_rounds_is_refused() =>
        Assert.Contains("no images here", Assert.Throws<ImageException>(() => ChainHistory.Of(_rounds.Path)).Message);

    private void Chain()
    {
        _rounds.Task(_rounds.Round("1"), 7, 1, (16, 8, PageFlags.Present));
        _rounds.Task(Path.Combine(_rounds.Path, "1"), 9, 1, (16, 2, PageFlags.Present));
        var second = _rounds.Round("2", "../1", uptimeMicroseconds: 2_000_001);
        _rounds.Task(second, 7, 1, (16, 4, PageFlags.Parent), (20, 1, PageFlags.Present), (21, 3, PageFlags.Parent),
            (1000, 2, PageFlags.Present));
        _rounds.Task(second, 9, 1, (16, 2, PageFlags.Parent));
        var last = _rounds.Round("10", "../2", uptimeMicroseconds: 3_000_001);
        _rounds.Task(last, 7, 1, (16, 8, PageFlags.Parent), (1000, 1, PageFlags.Present), (1001, 1, PageFlags.Parent));
        _rounds.Task(last, 9, 1, (16, 2, PageFlags.Parent));
    }

    private void Journal(params string[] lines) =>
        File.WriteAllLines(Path.Combine(_rounds.Path, PreDump.Core.History.Journal.Name), lines);
}
