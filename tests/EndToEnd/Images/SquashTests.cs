using System.Text.Json.Nodes;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Images;

/// <summary>`predump squash`: the command line, what it prints, memory, and what CRIU's decoder makes of its images.</summary>
public sealed class SquashTests : IDisposable
{
    private const string Crit = "/usr/bin/crit";

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    public static bool HasCrit => File.Exists(Crit);

    [Fact]
    public async Task A_squashed_dump_holds_the_memory_of_its_tree()
    {
        Requires.Root();
        await using var victim = await Victim.Start("plain", 512);
        using var dump = await HandmadeDump.Take(victim, home: _scratch.Folder("chain"));
        string made = _scratch["made"];
        var result = await PreDumpTool.Run("squash", dump.Final, "-o", made, "--json");
        Assert.True(result.ExitCode == 0, result.ToString());
        var json = JsonNode.Parse(result.Output)!;
        Assert.Equal(made, (string?)json["images_dir"]);
        Assert.Equal(2, (int)json["rounds"]!);
        Assert.Equal((ulong)json["pages_present"]!, (ulong)json["pages_from_parents"]!);
        Assert.Equal([dump.Final, dump.Round], json["no_longer_needed"]!.AsArray().Select(path => (string?)path));
        Assert.Equal(ChainContent.Of(dump.Final), ChainContent.Of(made));

        Directory.Delete(dump.Round, recursive: true);
        result = await PreDumpTool.Run("verify", made, "--tree", $"{victim.Pid}");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains(" 0 different, 0 missing", result.Output);
    }

    [Fact(Skip = "no crit, which is in the criu package", SkipUnless = nameof(HasCrit))]
    public async Task Crit_decodes_a_squashed_pagemap()
    {
        string last = MakeChain();
        await Command.Must(await PreDumpTool.File(), "squash", "--in-place", last);
        var text = await Command.Must(Crit, "decode", "--pretty", "-i", Path.Combine(last, ImageNames.Pagemap(7)));
        var entries = JsonNode.Parse(text)!["entries"]!.AsArray();
        Assert.Equal(2, entries.Count); // the head, and one run
        Assert.Equal("PE_PRESENT", $"{entries[1]!["flags"]}");
        Assert.Equal("4", $"{entries[1]!["nr_pages"]}");
    }

    [Fact]
    public async Task Options_say_where_the_images_go_and_one_of_them_is_needed()
    {
        string last = MakeChain();
        Assert.Contains("give one of them", Refusal.Line(Refusal.Usage, await PreDumpTool.Run("squash", last)));
        Assert.Contains("give one of them",
            Refusal.Line(Refusal.Usage, await PreDumpTool.Run("squash", last, "--in-place", "-o", _scratch["made"])));
        Assert.Contains("(--output)", Refusal.Line(Refusal.Failure, await PreDumpTool.Run("squash", last, "-o", last)));
        Assert.Contains("does not exist",
            Refusal.Line(Refusal.Failure, await PreDumpTool.Run("squash", "/nowhere", "--in-place")));
        foreach (var option in new[] { "-o", "--output", "--out" })
            await Command.Must(await PreDumpTool.File(), "squash", last, option, _scratch[$"made{option}"]);
        var result = await PreDumpTool.Run("squash", "-D", last, "--in-place");
        Assert.True(result.ExitCode == 0 && result.Output.Contains("can be removed"), result.ToString());
        result = await PreDumpTool.Run("squash", last, "--in-place");
        Assert.True(result.ExitCode == 0 && result.Output.Contains("nothing to squash"), result.ToString());
    }

    [Fact]
    public async Task A_mount_point_is_not_replaced_but_can_be_squashed_elsewhere()
    {
        Requires.Root();
        string last = MakeChain();
        await Command.Must("/bin/mount", "--bind", last, last);
        try
        {
            var line = Refusal.Line(Refusal.Failure, await PreDumpTool.Run("squash", last, "--in-place"));
            Assert.Contains("is a mount point", line);
            Assert.Equal(["1", "2"], Directory.GetFileSystemEntries(_scratch["chain"]).Select(Path.GetFileName).Order());
            await Command.Must(await PreDumpTool.File(), "squash", last, "-o", _scratch["made"]);
        }
        finally
        {
            await Command.Must("/bin/umount", last);
        }
    }

    [Fact]
    public async Task Memory_stays_small_whatever_the_chain()
    {
        using var rounds = new HandmadeRounds(_scratch.Folder("chain"));
        string last = rounds.Round("1");
        const int Count = 4000;
        (ulong, ulong, PageFlags)[] all = [(0, Count, PageFlags.Present)];
        rounds.Task(last, 7, 1, all);
        for (uint i = 2; i <= 60; i++)
        {
            last = rounds.Round($"{i}", $"../{i - 1}", i);
            rounds.Task(last, 7, (byte)i, [.. Enumerable.Range(0, Count / 4).Select(run => ((ulong)run * 4, 4UL,
                (run + i) % 50 == 0 ? PageFlags.Present : PageFlags.Parent))]);
        }
        var result = await Command.Run("/usr/bin/env", ["python3", "-c",
            "import os, resource, subprocess, sys\n"
            + "code = subprocess.call(sys.argv[1:], stdout=2)\n"
            + "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
            await PreDumpTool.File(), "squash", last, "-o", _scratch["made"]]);
        var words = result.Output.Split();
        Assert.True(words[0] == "0", result.ToString());
        int kilobytes = int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(kilobytes, 1, 32 * 1024);
        Assert.Equal(ChainContent.Of(last), ChainContent.Of(_scratch["made"]));
    }

    private string MakeChain()
    {
        using var rounds = new HandmadeRounds(_scratch.Folder("chain"));
        string first = rounds.Round("1"), second = rounds.Round("2", "../1", 2);
        rounds.Task(first, 7, 1, (10, 4, PageFlags.Present));
        rounds.Task(second, 7, 2, (10, 2, PageFlags.Parent), (12, 2, PageFlags.Present));
        return second;
    }
}
