using System.Text;
using PreDump.Core.History;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Core.History;

public sealed class JournalTests
{
    [Fact]
    public void Rounds_the_verdict_and_the_dump_are_read()
    {
        var journal = Parse("""
            {"round":1,"images_dir":"/c/1","parent_dir":null,"time":"2026-11-26T22:40:07.123Z","pages_written":7}
            {"round":2,"images_dir":"/c/2","interval_us":1200,"pages_dirty":9,"estimate":{"stop_us":81000},"areas":
            """ + """
            [{"pid":7,"name":"[heap]","start":"0x1000","end":"0x3000","pages_dirty":2}]}
            {"verdict":"converged","rounds":2,"stop_us":81000,"max_downtime_us":300000,"reason":"so"}
            {"dump":{"images_dir":"/c/3","stop_us":85000,"pages_mended":1,"restore":"criu restore -D /c/3"}}
            """);
        Assert.Equal(2, journal.Rounds.Count);
        Assert.Equal(7UL, journal.Rounds[0].PagesWritten);
        Assert.Equal(new DateTimeOffset(2026, 11, 26, 22, 40, 7, 123, TimeSpan.Zero), journal.Rounds[0].Time);
        Assert.Null(journal.Rounds[0].PagesDirty);
        Assert.Equal(81000UL, journal.LastRound!.EstimatedStopMicroseconds);
        Assert.Equal([new JournalArea(7, "[heap]", 0x1000, 0x3000, 2)], journal.LastRound.Areas);
        Assert.Equal(new JournalEnd("converged", 81000, 300000, "so"), journal.End);
        Assert.Equal(new JournalDump("/c/3", 85000, null, null, null, 1, "criu restore -D /c/3"), journal.Dump);
    }

    [Fact]
    public void The_end_of_an_earlier_call_is_not_that_of_a_later_one() =>
        Assert.Null(Parse("""
            {"round":1}
            {"verdict":"interrupted"}
            {"round":2}
            """).End);

    [Fact]
    public void What_is_missing_or_unknown_is_no_error()
    {
        var journal = Parse("\n{}\n{\"round\":1,\"of a later version\":[{}]}\r\n{\"what\":\"else\"}\n");
        Assert.Equal([new JournalRound()], journal.Rounds.Select(round => round with { Areas = new JournalRound().Areas }));
    }

    [Fact]
    public void A_line_that_a_killed_writer_left_is_passed_over() =>
        Assert.Single(Parse("{\"round\":1}\n{\"round\":2,\"pages_wr").Rounds);

    [Theory]
    [InlineData("""{"round":1,"pages_wr""", "line 1 is not JSON")]
    [InlineData("""[1]""", "line 1 is no JSON object")]
    [InlineData("""{"round":-1}""", "line 1 has a wrong value of \"round\"")]
    [InlineData("""{"round":1e300}""", "line 1 has a wrong value of \"round\"")]
    [InlineData("""{"round":1,"time":"yesterday"}""", "line 1 has a wrong value of \"time\"")]
    [InlineData("""{"round":1,"images_dir":"\udcff"}""", "line 1 has a wrong value of \"images_dir\"")]
    [InlineData("""{"round":1,"areas":[7]}""", "line 1 is no JSON object")]
    [InlineData("""{"round":1,"areas":[{"start":"12"}]}""", "line 1 has a wrong value of \"start\"")]
    [InlineData("""{"round":1,"estimate":"soon"}""", "line 1 has a wrong value of \"estimate\"")]
    [InlineData("""{"round":1,"x":[[[[[[[[[[]]]]]]]]]]}""", "line 1 is not JSON")]
    public void What_makes_no_sense_is_one_error_that_names_the_line(string line, string problem) =>
        Assert.Equal($"j: {problem}", Assert.Throws<ImageException>(() => Parse(line + "\n")).Message);

    [Fact]
    public void A_text_that_is_too_long_is_refused() =>
        Assert.Throws<ImageException>(() => Parse($"{{\"verdict\":\"{new string('x', 9000)}\"}}\n"));

    [Fact]
    public void More_rounds_than_a_chain_may_have_are_refused() =>
        Assert.Throws<ImageException>(() =>
            Parse(string.Concat(Enumerable.Repeat("{\"round\":1}\n", ImageChain.MaxLength + 1))));

    /// <summary>Whatever the bytes, there is a journal or one clear error.</summary>
    [Fact]
    public void Damaged_journals_end_in_one_error()
    {
        var random = new Random(18);
        var sound = Encoding.UTF8.GetBytes("""
            {"round":1,"images_dir":"/c/1","time":"2026-11-26T22:40:07Z","areas":[{"pid":7,"name":"[heap]","start":"0x1000"}]}
            {"dump":{"stop_us":85000,"restore":"criu"}}

            """);
        for (int i = 0; i < 2000; i++)
        {
            var bytes = (byte[])sound.Clone();
            for (int n = random.Next(1, 6); n > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (Record.Exception(() => Journal.Parse(bytes, "j")) is { } e)
                Assert.IsType<ImageException>(e);
        }
    }

    private static Journal Parse(string lines) => Journal.Parse(Encoding.UTF8.GetBytes(lines), "j");
}
