using System.Text.Json;
using PreDump.Core.History;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Report;

/// <summary>`predump show DIR --report FILE`, of real rounds. (On a kernel that marks no page preload/softdirty.c makes predump
/// believe in its dirty tracking: later rounds leave everything to the parent.)</summary>
public sealed class ReportTests
{
    [Fact]
    public async Task A_page_about_real_rounds_has_their_figures()
    {
        Requires.Root();
        await using var victim = await Victim.Start("plain", 64);
        using var scratch = new Scratch();
        // A task that starts in the clock tick of the round counts as younger than the round.
        await Task.Delay(50, TestContext.Current.CancellationToken);
        var first = await Round(victim, scratch.Folder("1"));
        var second = await Round(victim, scratch.Folder("2"), "--prev-images-dir", "../1");

        var page = await Show(scratch.Path, scratch["page.html"]);

        Assert.Contains($"Pre-dump rounds of process {victim.Pid}", page);
        foreach (var (summary, name) in new[] { (first, "1"), (second, "2") })
            Assert.Matches($"""<tr><th scope="row">{name}</th>[^/]*</td>\s*<td class="n">[^/]*</td><td class="n">"""
                + $"{summary.GetProperty("pages_written").GetInt64():N0}</td>", page);
        Assert.Contains($"""<h3 id="map-{victim.Pid}">""", page);
        Assert.Equal(page, (await PreDumpTool.Run("show", scratch["2"], "--report", "-")).Output);
    }

    [Fact]
    public async Task Names_in_the_journal_and_paths_that_are_no_text_are_escaped()
    {
        using var scratch = new Scratch();
        using var rounds = Example(scratch.Folder("a <b>&\"'"));
        var page = await Show(rounds.Path, scratch["page.html"]);
        Assert.Contains("a &lt;b&gt;&amp;&quot;&#39;", page);
        Assert.DoesNotContain("<script", page);
        Assert.Contains("&lt;script&gt;", page);
    }

    [Fact]
    public async Task A_report_that_makes_no_sense_is_refused()
    {
        using var scratch = new Scratch();
        using var rounds = Example(scratch.Folder("rounds"));
        Assert.Contains("no images here",
            Refusal.Line(Refusal.Failure, await PreDumpTool.Run("show", scratch.Path, "--report", scratch["page.html"])));
        Assert.Contains("/dev/full can't be written",
            Refusal.Line(Refusal.Failure, await PreDumpTool.Run("show", rounds.Path, "--report", "/dev/full")));
        Assert.Equal(2, (await PreDumpTool.Run("show", rounds.Path, "--report", scratch["page.html"], "--json")).ExitCode);
        File.AppendAllText(Path.Combine(rounds.Path, Journal.Name), "{\"round\":\"x\"}\n");
        Assert.Contains("line 6 has a wrong value of \"round\"",
            Refusal.Line(Refusal.Failure, await PreDumpTool.Run("show", rounds.Path, "--report", scratch["page.html"])));
        Assert.False(File.Exists(scratch["page.html"]));
    }

    /// <summary>In a browser without a window: no errors, nothing is fetched, it is readable by day, by night, on a phone and by
    /// a screen reader. With PREDUMP_SCREENSHOTS=DIR in the environment the pictures are kept there.</summary>
    [Fact]
    public async Task A_browser_shows_the_page_without_errors_and_a_screen_reader_reads_its_figures()
    {
        Assert.SkipUnless(new[] { "chromium-headless-shell", "chromium" }.Any(name => File.Exists("/usr/bin/" + name)),
            "needs a browser (package chromium-headless-shell)");
        Requires.Program(Requires.DebianPython, "python3");
        using var scratch = new Scratch();
        using var rounds = Example(scratch.Folder("rounds"));
        await Show(rounds.Path, scratch["page.html"]);

        var pictures = Environment.GetEnvironmentVariable("PREDUMP_SCREENSHOTS") ?? scratch.Path;
        var seen = JsonDocument.Parse(await Command.Must(Requires.DebianPython,
            Path.Combine(Repository.Top, "tests", "browser.py"), scratch["page.html"], pictures)).RootElement;

        Assert.Empty(Texts(seen.GetProperty("console")));
        Assert.Empty(Texts(seen.GetProperty("requests")));
        Assert.All(seen.GetProperty("contrast").EnumerateObject(), scheme => Assert.Empty(Texts(scheme.Value)));
        Assert.All(seen.GetProperty("overflow").EnumerateObject(), width => Assert.False(width.Value.GetBoolean(), width.Name));
        Assert.Equal([1, 2, 2, 2, 2, 2, 2, 3], seen.GetProperty("headings").EnumerateArray().Select(level => level.GetInt32()));
        var images = seen.GetProperty("images").EnumerateArray().Select(image => Texts(image)).ToList();
        Assert.Equal(
            ["Stop of a final dump", "Bytes in the images of each round", "Pages that were written to since the round before"],
            images.Select(image => image[0]));
        Assert.Contains("round 3: 81 ms estimated; round 4 (dump): 85 ms measured", images[0][1]);
        Assert.Contains("round 2: 400.0 KiB copied, 7.4 MiB left to the parent", images[1][1]);
        var text = Texts(seen.GetProperty("text"));
        Assert.All(
            [
                "The final dump after 3 rounds stopped the tree for 85 ms; 81 ms were estimated, 300 ms are allowed.",
                "400.0 KiB", "<script>alert(1)</script>", "[heap]", "criu restore -D /ckpt/4", "10000-a7000",
            ],
            words => Assert.Contains(words, text));
    }

    // Three rounds and a final dump, with a journal.
    private static HandmadeRounds Example(string path)
    {
        var rounds = new HandmadeRounds(path);
        var lines = new List<string>();
        foreach (var (name, changed) in new[] { (1, 2000UL), (2, 100UL), (3, 30UL), (4, 10UL) })
        {
            bool isFirst = name == 1;
            var directory = rounds.Round($"{name}", isFirst ? null : $"../{name - 1}", (ulong)name * 1_000_000);
            rounds.Task(directory, 7, 1, isFirst ? [(16, 2000, PageFlags.Present)]
                : [(16, changed, PageFlags.Present), (16 + changed, 2000 - changed, PageFlags.Parent)]);
            lines.Add(name == 4
                ? """{"dump":{"images_dir":"/ckpt/4","stop_us":85000,"proof_us":900,"restore":"criu restore -D /ckpt/4"}}"""
                : JsonSerializer.Serialize(new
                {
                    round = name,
                    images_dir = $"/ckpt/{name}",
                    parent_dir = isFirst ? null : $"/ckpt/{name - 1}",
                    time = $"2026-11-26T22:40:0{name}Z",
                    pages_dirty = isFirst ? null : (ulong?)(changed * 3 / 2),
                    estimate = new { stop_us = 30000 + 51000 * (4 - name) },
                    areas = new[]
                    {
                        Area("[heap]", 0x10000, 0xa7000, changed), Area("<script>alert(1)</script>", 0xa7000, 0x7e0000, 0),
                    },
                }));
        }
        lines.Insert(3, """{"verdict":"converged","stop_us":81000,"max_downtime_us":300000}""");
        File.WriteAllBytes(Path.Combine(path, "4", "inventory.img"), Bytes.Hex("16 31 31 58 02 00 00 00 08 02")); // a full dump
        File.WriteAllLines(Path.Combine(path, Journal.Name), lines);
        return rounds;
    }

    private static object Area(string name, ulong start, ulong end, ulong pages) =>
        new { pid = 7, name, start = $"0x{start:x}", end = $"0x{end:x}", pages_written = pages };

    private static async Task<string> Show(string rounds, string file)
    {
        var result = await PreDumpTool.Run("show", rounds, "--report", file);
        Assert.True(result.ExitCode == 0 && result.Output == "" && result.Errors == "", result.ToString());
        return File.ReadAllText(file);
    }

    private static async Task<JsonElement> Round(Victim victim, string images, params string[] more)
    {
        var result = await Command.Run(await PreDumpTool.File(),
            ["--tree", $"{victim.Pid}", "--images-dir", images, "--json", .. more],
            environment: new Dictionary<string, string> { ["LD_PRELOAD"] = Victim.FileOf("softdirty.so") });
        Assert.True(result.ExitCode == 0, result.ToString());
        return JsonDocument.Parse(result.Output).RootElement;
    }

    private static List<string> Texts(JsonElement array) => [.. array.EnumerateArray().Select(text => text.GetString()!)];
}
