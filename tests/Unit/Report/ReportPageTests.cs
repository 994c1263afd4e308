using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using PreDump.Core.History;
using PreDump.Images;
using PreDump.Report;
using Xunit;

namespace PreDump.Tests.Unit.Report;

public sealed partial class ReportPageTests : IDisposable
{
    private readonly HandmadeRounds _rounds = new();

    public void Dispose() => _rounds.Dispose();

    [Theory]
    [InlineData("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;")]
    [InlineData("\" onload='x' & y", "&quot; onload=&#39;x&#39; &amp; y")]
    [InlineData("two\nlines\0", "two\\x0alines\\x00")]
    [InlineData("{0} {name}", "{0} {name}")]
    public void Names_of_mappings_are_only_text(string name, string written)
    {
        Chain(2, areaName: name);
        Assert.Contains($"<bdi>{written}</bdi>", Page());
        Assert.Equal($"<bdi>{written}</bdi>", Html.Name(name).ToString());
    }

    [Fact]
    public void Bytes_that_are_no_text_are_shown_as_such() =>
        Assert.Equal("<bdi>caf\\xe9</bdi>", Html.Name("caf\udce9").ToString());

    [Fact]
    public void A_long_name_is_cut_in_the_middle() =>
        Assert.Matches("^<bdi>a{80}…a{80}</bdi>$", Html.Name(new string('a', 5000)).ToString());

    [Fact]
    public void What_is_half_a_character_is_replaced() =>
        Assert.DoesNotContain("\ud83d", Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(Html.Name("\ud83d").ToString())));

    /// <summary>All the text of a page that might be markup, at once.</summary>
    [Fact]
    public void Nothing_in_the_images_or_the_journal_becomes_markup()
    {
        const string Evil = "<img src=x onerror=alert(1)>\"'&";
        Chain(3, areaName: Evil, verdict: Evil, reason: Evil, kernel: Evil);
        Directory.CreateDirectory(Path.Combine(_rounds.Path, "44"));
        var page = Page();
        Assert.DoesNotContain("<img", page);
        Assert.Empty(Tag().Matches(page).Select(tag => tag.Groups[1].Value).Distinct().Except(s_tags));
    }

    [Fact]
    public void Nothing_comes_from_elsewhere_and_no_script_runs()
    {
        Chain(3);
        var page = Page();
        Assert.Matches("default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='", page);
        Assert.DoesNotMatch(@"(?i)\b(src|href|action|style)=|https?://|url\(|@import|<script", page);
    }

    [Fact]
    public void Headings_are_in_order_and_every_id_is_used_once()
    {
        Chain(3);
        var page = Page();
        var levels = Heading().Matches(page).Select(heading => int.Parse(heading.Groups[1].Value)).ToList();
        Assert.Equal(1, levels[0]);
        Assert.All(levels.Zip(levels.Skip(1)), pair => Assert.InRange(pair.Second, 2, pair.First + 1));
        var ids = Id().Matches(page).Select(id => id.Groups[1].Value).ToList();
        Assert.Equal(ids.Distinct(), ids);
        Assert.All(Reference().Matches(page).Select(reference => reference.Groups[1].Value), id => Assert.Contains(id, ids));
    }

    [Fact]
    public void The_figures_are_in_the_page()
    {
        Chain(3);
        var page = Page();
        Assert.Contains("Pre-dump rounds of process tree 7", page);
        Assert.Contains("Converged after 3 rounds: a final dump now would stop the tree for about 81 ms, 300 ms are allowed.",
            page);
        Assert.Contains("round 1: 32.0 KiB copied, 0 B left to the parent; round 2: 4.0 KiB copied, 28.0 KiB left", page);
        Assert.Contains("""<tr><th scope="row">2</th>""", page);
        Assert.Contains("""<td class="h3">13</td>""", page); // 1 of 8 pages
        Assert.Contains("[heap]", page);
    }

    [Fact]
    public void A_page_is_small_whatever_the_chain()
    {
        var random = new Random(18);
        for (int round = 1; round <= 60; round++)
        {
            var directory = _rounds.Round($"{round}", round == 1 ? null : $"../{round - 1}");
            for (int pid = 1; pid <= 20; pid++)
                File.WriteAllBytes(Path.Combine(directory, ImageNames.Pagemap(pid)), Bytes.Pagemap((uint)pid,
                    [.. Enumerable.Range(0, 1000).Select(i => new PagemapEntry(((ulong)i << 32) + 4096,
                        (ulong)random.Next(1, 9999), random.Next(2) == 0 ? PageFlags.Present : PageFlags.Parent))]));
        }
        Journal([.. Enumerable.Range(1, 60).Select(round => JsonSerializer.Serialize(new
        {
            round,
            images_dir = $"/{round}",
            parent_dir = round == 1 ? null : $"/{round - 1}",
            areas = Enumerable.Range(0, 20).Select(i => new
            {
                pid = 1 + i % 6,
                name = new string('<', 400) + round,
                start = $"0x{((ulong)random.Next(1000) << 32) + 4096:x}",
                end = "0x7fffffffffff",
                pages_written = 5,
            }),
        }))]);
        Assert.InRange(Encoding.UTF8.GetByteCount(Page()), 100_000, 1_000_000);
    }

    private static readonly string[] s_tags =
        ["html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "h3", "p", "dl", "dt", "dd", "div",
            "svg", "rect", "line", "text", "path", "desc", "table", "thead", "tbody", "tr", "th", "td", "bdi", "span", "code"];

    private string Page() => ReportPage.Of(ChainHistory.Of(_rounds.Path));

    private void Chain(int length, string areaName = "[heap]", string verdict = "converged", string reason = "",
        string kernel = "6.12")
    {
        for (int i = 1; i <= length; i++)
            _rounds.Task(_rounds.Round($"{i}", i == 1 ? null : $"../{i - 1}"), 7, 1, i == 1 ? [(16, 8, PageFlags.Present)]
                : [(16, 1, PageFlags.Present), (17, 7, PageFlags.Parent)]);
        Journal([.. Enumerable.Range(1, length).Select(round => JsonSerializer.Serialize(new
        {
            round,
            images_dir = $"/old/{round}",
            parent_dir = round == 1 ? null : $"/old/{round - 1}",
            tree = 7,
            kernel,
            estimate = new { stop_us = 81000 },
            areas = new[] { new { pid = 7, name = areaName, start = "0x10000", end = "0x18000", pages_written = 1 } },
        })), JsonSerializer.Serialize(new { verdict, stop_us = 81000, max_downtime_us = 300000, reason })]);
    }

    private void Journal(string[] lines) =>
        File.WriteAllLines(Path.Combine(_rounds.Path, PreDump.Core.History.Journal.Name), lines);

    [GeneratedRegex("<([a-z][a-z0-9]*)")]
    private static partial Regex Tag();

    [GeneratedRegex("<h([1-6])")]
    private static partial Regex Heading();

    [GeneratedRegex(" id=\"([^\"]*)\"")]
    private static partial Regex Id();

    [GeneratedRegex("aria-(?:labelledby|describedby)=\"([^\"]*)\"")]
    private static partial Regex Reference();
}
