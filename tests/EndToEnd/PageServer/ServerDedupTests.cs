using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>--auto-dedup of the page server: pages that a round replaces are freed in its parents.</summary>
public sealed class ServerDedupTests
{
    private const int Pages = 600, EachOf = 3;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_page_server_frees_what_a_round_replaces_if_that_is_wanted(bool dedup)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("plain", Pages);
        await victim.Stop();
        using var scratch = new Scratch();
        string images = scratch.Folder("images"), here = scratch.Folder("here");
        await using var server = await PageServerTool.Start(images,
            ["--rounds", "2", .. dedup ? ["--auto-dedup"] : Array.Empty<string>()]);
        await PreDumpTool.Dump(victim.Pid, here, "--page-server", "--port", $"{server.Port}");
        var first = (await DecodedImages.Read(Path.Combine(images, "1"))).Tasks[victim.Pid];
        var (blocks, pages) = await Room(first.PagesFile);

        int changed = SecondRound(server, victim.Pid, first);

        Assert.Equal(0, await server.Exited());
        Assert.Equal(Pages / EachOf, changed);
        int freed = dedup ? changed : 0;
        Assert.Equal((blocks - 8 * freed, pages - freed), await Room(first.PagesFile));
        var verified = await PreDumpTool.Run("verify", Path.Combine(images, "2"), "--tree", $"{victim.Pid}");
        Assert.True(verified.ExitCode == 0, verified.ToString());
        Tally.Count("pages verified", first.Places().Count);
    }

    // This kernel may not track changes, so predump can't make the round: pages are changed here and sent by hand.
    private static int SecondRound(PageServerTool server, int pid, TaskImage first)
    {
        ulong id = (ulong)pid << 8 | 1;
        ulong start = Mapping.Of(pid).Single(mapping => mapping.Pages == Pages && mapping.Name == "").Start;
        var page = new byte[Mapping.PageSize];
        using var memory = File.OpenHandle($"/proc/{pid}/mem", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var client = server.Connect();
        Assert.Equal(1, client.Send(RawPageClient.Open2, id: id).Answer(1));
        int changed = 0;
        foreach (ulong address in first.Places().Keys)
            if (address >= start && address < start + Pages * Mapping.PageSize
                && (address - start) / Mapping.PageSize % EachOf == 0)
            {
                Array.Fill(page, (byte)++changed);
                RandomAccess.Write(memory, page, (long)address);
                client.Send(RawPageClient.AddFlags, 1, address, id, flags: 4).Send(page);
            }
            else
                client.Send(RawPageClient.AddFlags, 1, address, id, flags: 1);
        Assert.Equal(0, client.Send(RawPageClient.Close).Answer(4));
        return changed;
    }

    // Disk blocks, and pages that are not all zeros.
    private static async Task<(long, int)> Room(string file) =>
        (long.Parse(await Command.Must("/usr/bin/stat", "-c", "%b", file)), HandmadeRounds.PagesLeft(file).Count());
}
