using System.Diagnostics;
using System.Text.Json.Nodes;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Images;

/// <summary>CRIU's own decoder reads the images that predump writes.</summary>
public sealed class CritTests : IDisposable
{
    private const string Crit = "/usr/bin/crit";
    private const string NoCrit = $"no {Crit}, which is in the criu package";

    private readonly Scratch _directory = new();

    public static bool HasCrit => File.Exists(Crit);

    public void Dispose() => _directory.Dispose();

    [Fact(Skip = NoCrit, SkipUnless = nameof(HasCrit))]
    public void Crit_decodes_a_pagemap()
    {
        JsonArray entries = Decode("pagemap-1.img", "PAGEMAP", Bytes.Pagemap(7,
            new PagemapEntry(0x400000, 3, PageFlags.Present),
            new PagemapEntry(0x7fff_0000_0000, uint.MaxValue, PageFlags.Parent)));

        Assert.Equal(3, entries.Count);
        Assert.Equal("7", $"{entries[0]!["pages_id"]}");
        Assert.Equal(("0x400000", "3", "PE_PRESENT"), Entry(entries[1]!));
        Assert.Equal(("0x7fff00000000", "4294967295", "PE_PARENT"), Entry(entries[2]!));
    }

    [Fact(Skip = NoCrit, SkipUnless = nameof(HasCrit))]
    public void Crit_decodes_an_inventory()
    {
        byte[] bytes = new byte[InventoryImage.MaxBytes];
        int length = InventoryImage.Write(bytes, dumpUptimeMicroseconds: 123_456_789, preDumpMode: 2);

        JsonNode entry = Assert.Single(Decode("inventory.img", "INVENTORY", bytes.AsSpan(0, length)))!;

        Assert.Equal("0", $"{entry["img_version"]}");
        Assert.Equal("123456789", $"{entry["dump_uptime"]}");
        Assert.Equal("2", $"{entry["pre_dump_mode"]}");
    }

    [Fact(Skip = NoCrit, SkipUnless = nameof(HasCrit))]
    public void Crit_decodes_statistics()
    {
        byte[] bytes = new byte[StatsImage.MaxBytes];
        int length = StatsImage.Write(bytes, new DumpStats { FrozenMicroseconds = 99, PagesWritten = 1UL << 40 });

        JsonNode dump = Assert.Single(Decode("stats-dump", "STATS", bytes.AsSpan(0, length)))!["dump"]!;

        Assert.Equal("99", $"{dump["frozen_time"]}");
        Assert.Equal("1099511627776", $"{dump["pages_written"]}");
        Assert.Equal("0", $"{dump["page_pipes"]}");
    }

    // Older versions call the first count nr_pages, newer ones compat_nr_pages beside the new nr_pages.
    private static (string Vaddr, string NrPages, string Flags) Entry(JsonNode entry)
        => ($"{entry["vaddr"]}", $"{entry["nr_pages"]}", $"{entry["flags"]}");

    private JsonArray Decode(string name, string magic, ReadOnlySpan<byte> image)
    {
        var start = new ProcessStartInfo(Crit, ["decode", "--pretty", "-i", _directory.Write(name, image)])
        {
            RedirectStandardOutput = true,
        };
        using Process crit = Process.Start(start)!;
        string text = crit.StandardOutput.ReadToEnd();
        crit.WaitForExit();
        Assert.Equal(0, crit.ExitCode);

        JsonNode decoded = JsonNode.Parse(text)!;
        Assert.Equal(magic, $"{decoded["magic"]}");
        return decoded["entries"]!.AsArray();
    }
}
