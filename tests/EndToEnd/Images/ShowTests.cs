using System.Text.Json;
using System.Text.Json.Nodes;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Images;

/// <summary>`predump show`: for people, and in crit's format.</summary>
public sealed class ShowTests
{
    private const string Crit = "/usr/bin/crit";

    [Fact]
    public async Task Show_prints_a_pagemap_as_a_table_with_offsets()
    {
        using var folder = new HandmadeRounds();
        var directory = folder.Round("1");
        folder.Task(directory, 7, 1, (16, 2, PageFlags.Present), (32, 5, PageFlags.Parent),
            (48, 1, PageFlags.Present | PageFlags.Lazy));
        var lines = await Show(Path.Combine(directory, ImageNames.Pagemap(7)));
        Assert.Equal(
            [
                "pages are in pages-1.img",
                "vaddr pages offset flags",
                "0x10000 2 0x0 PE_PRESENT",
                "0x20000 5 - PE_PARENT",
                "0x30000 1 0x2000 PE_LAZY | PE_PRESENT",
            ],
            lines);
    }

    [Fact]
    public async Task Show_prints_a_directory_as_an_overview()
    {
        using var folder = new HandmadeRounds();
        string first = folder.Round("1"), second = folder.Round("2", "../1", uptimeMicroseconds: 3_000_000);
        folder.Task(second, 7, 1, (16, 2, PageFlags.Present), (32, 5, PageFlags.Parent));
        folder.Task(second, 9, 1, (16, 4, PageFlags.Present | PageFlags.Lazy));
        File.WriteAllText(Path.Combine(second, "core-7.img"), "");
        var lines = await Show(second);
        Assert.Contains("dump_uptime 3000000 us after boot (00:00:03)", lines);
        Assert.Contains($"parent {first}", lines);
        var third = folder.Round("3", second);
        Assert.Contains(await Show(third),
            line => line.StartsWith($"parent {second} (an absolute link", StringComparison.Ordinal));
        Assert.Contains("rounds 2", lines);
        Assert.Contains("pagemap-7.img 2 2 8.0 KiB 5 0 pages-1.img", lines);
        Assert.Contains("pagemap-9.img 1 4 16.0 KiB 0 4 pages-2.img", lines);
        Assert.Contains("2 pagemaps 3 6 24.0 KiB 5 4", lines);
        Assert.Contains("1 other image of CRIU, see crit show", lines);

        var json = JsonDocument.Parse(await Must("show", second, "--json")).RootElement;
        Assert.Equal("../1", json.GetProperty("parent").GetString());
        Assert.Equal(3_000_000, json.GetProperty("inventory").GetProperty("dump_uptime").GetInt64());
        Assert.Equal([2, 4], json.GetProperty("pagemaps").EnumerateArray()
            .Select(task => task.GetProperty("pages_present").GetInt32()));
    }

    /// <summary>crit itself encodes the output of show to the bytes that predump wrote.</summary>
    [Fact]
    public async Task Crit_takes_the_json_of_show_for_its_own()
    {
        Requires.Program(Crit, "criu");
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        foreach (var name in new[] { ImageNames.Inventory, ImageNames.Stats, ImageNames.Pagemap(victim.Pid) })
        {
            var ours = JsonNode.Parse(await Must("show", scratch[name], "--json"))!;
            var crits = JsonNode.Parse(await Command.Must(Crit, "decode", "--pretty", "-i", scratch[name]))!;
            Assert.Equal($"{crits["magic"]}", $"{ours["magic"]}");
            Assert.Equal(crits["entries"]!.AsArray().Count, ours["entries"]!.AsArray().Count);
            foreach (var (our, crit) in ours["entries"]!.AsArray().Zip(crits["entries"]!.AsArray()))
                AssertSame(our!.AsObject(), crit!.AsObject());
        }
    }

    [Fact]
    public async Task Show_names_other_images()
    {
        using var scratch = new Scratch();
        File.WriteAllBytes(scratch["core-7.img"], Convert.FromHexString("19435654" + "47380555"));
        File.WriteAllBytes(scratch["pages-1.img"], new byte[4096]);
        Assert.Contains("a CORE image of CRIU", await Refused(scratch["core-7.img"]));
        Assert.Contains("crit show", await Refused(scratch["core-7.img"]));
        Assert.Contains("raw pages", await Refused(scratch["pages-1.img"]));
    }

    // crit shows every field of our output with the same value.
    private static void AssertSame(JsonObject ours, JsonObject crits)
    {
        foreach (var (name, value) in ours)
            if (value is JsonObject inner)
                AssertSame(inner, crits[name]!.AsObject());
            else
                Assert.Equal($"{crits[name]}", $"{value}");
    }

    private static async Task<string> Refused(string file) => Refusal.Line(Refusal.Failure, await PreDumpTool.Run("show", file));

    private static async Task<string> Must(params string[] arguments) => await Command.Must(await PreDumpTool.File(), arguments);

    private static async Task<List<string>> Show(string path) =>
        [.. (await Must("show", path)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
}
