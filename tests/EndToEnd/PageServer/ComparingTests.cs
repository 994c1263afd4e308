using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>`predump page-server --compare`: what comes with the bytes that the parent's chain has is left to it.</summary>
public sealed class ComparingTests
{
    private const ulong Id = 77 << 8 | 1, Other = 78 << 8 | 1, Segment = 4711 << 8 | 2, Base = 0x10000, Page = 4096;

    /// <summary>criu fails if it is told of a parent that it does not know.</summary>
    [Fact]
    public async Task A_client_is_told_of_no_parent()
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--rounds", "2", "--compare");
        Round(server, client => client.SendPages(Base, 5, Id));
        using (var client = server.Connect())
        {
            Assert.Equal(0, client.Send(RawPageClient.Parent, id: Id).Answer(4));
            Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
            Assert.Equal(0, client.SendPages(Base, 5, Id).Send(RawPageClient.Close).Answer(4));
        }
        Assert.Equal(0, await server.Exited());
        Assert.Equal([new ImageRun(Base, 5, ImageRun.Parent)], await Runs(scratch["2"]));
        Assert.Equal([scratch["2"]], await File.ReadAllLinesAsync(scratch[$"1/{ImageNames.ChildrenByContent}"],
            TestContext.Current.CancellationToken));
    }

    /// <summary>Pages n of the first round hold the byte n: those that are sent in another place differ.</summary>
    [Theory]
    [InlineData(24)]
    [InlineData(32)]
    public async Task Exactly_what_differs_is_stored(int messageBytes)
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--rounds", "2", "--compare");
        Round(server, client => client.SendPages(Base, 2000, Id).SendPages(Base + 3000 * Page, 7, Id));

        Round(server, client =>
        {
            // one run of 2000 pages, more than the server reads at once, of which every third has other bytes
            client.Send(RawPageClient.AddFlags, 2000, Base, Id, flags: 4);
            for (int page = 0; page < 2000; page++)
                client.Send([.. Enumerable.Repeat((byte)(page % 3 == 0 ? page + 1 : page), (int)Page)]);
            client.SendPages(Base + 2500 * Page, 3, Id); // nothing was there
            client.SendPages(Base + 2999 * Page, 2, Id); // one before the old ones, and one of them, with another byte
        }, messageBytes);

        Assert.Equal(0, await server.Exited());
        var runs = await Runs(scratch["2"]);
        Assert.Equal(667 + 3 + 2, runs.Where(run => run.Flags == ImageRun.Present).Sum(run => (int)run.Pages));
        Assert.Equal(2000 - 667, runs.Where(run => run.Flags == ImageRun.Parent).Sum(run => (int)run.Pages));
        Assert.All(runs.Where(run => run.Flags == ImageRun.Present && run.Address < Base + 2000 * Page),
            run => Assert.Equal(0u, (run.Address - Base) / Page % 3));
        (await DecodedImages.Read(scratch["2"])).Tasks[77].AssertWellFormed();
        var content = Chain(scratch["2"]);
        Assert.Equal(2005, content.Count);
        for (ulong page = 0; page < 2000; page++)
            Assert.Equal(Digest((byte)(page % 3 == 0 ? page + 1 : page)), content[Name(77, Base + page * Page)]);
    }

    [Fact]
    public async Task Tasks_and_segments_that_the_parent_does_not_have_are_stored()
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--rounds", "3", "--compare");
        Round(server, client => client.SendPages(Base, 5, Id));
        Round(server, client => client.Send(RawPageClient.Open2, id: Other).SendPages(Base, 5, Other)
            .Send(RawPageClient.Open2, id: Segment).SendPages(0, 9, Segment), opens: false, answers: 2);
        Round(server, client => client.Send(RawPageClient.Open2, id: Segment).SendPages(0, 9, Segment)
            .Send(RawPageClient.Open2, id: Other).SendPages(Base, 5, Other), opens: false, answers: 2);
        Assert.Equal(0, await server.Exited());
        Assert.False(Path.Exists(scratch["2/parent"]));
        Assert.Equal("../2", new FileInfo(scratch["3/parent"]).LinkTarget);
        var third = await DecodedImages.Read(scratch["3"]);
        Assert.Equal([new ImageRun(Base, 5, ImageRun.Parent)], third.Tasks[78].Runs);
        Assert.Equal([new ImageRun(0, 9, ImageRun.Parent)], third.Segments[4711].Runs);
    }

    /// <summary>Which nobody but a client that compares would do.</summary>
    [Fact]
    public async Task Holes_of_a_client_are_taken_where_the_parent_has_the_pages_and_refused_elsewhere()
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--forever", "--compare", "-q");
        Round(server, client => client.SendPages(Base, 5, Id));
        Round(server, client => client.Send(RawPageClient.AddFlags, 3, Base, Id, flags: 1).SendPages(Base + 3 * Page, 1, Id));
        Assert.Equal([new ImageRun(Base, 3, ImageRun.Parent), new ImageRun(Base + 3 * Page, 1, ImageRun.Present)],
            await Runs(scratch["2"]));
        using var client = server.Connect();
        Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
        Assert.Null(client.Send(RawPageClient.AddFlags, 6, Base, Id, flags: 1).Answer(1));
        await Eventually.True(() => Directory.GetFileSystemEntries(scratch.Path).Length == 2, "nothing of it is left");
    }

    /// <summary>Nobody takes a parent away from another.</summary>
    [Fact]
    public async Task Sessions_at_the_same_time_have_the_same_parent()
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--forever", "--compare", "-q");
        Round(server, client => client.SendPages(Base, 5, Id));
        using (RawPageClient one = server.Connect(), other = server.Connect(24))
        {
            foreach (var client in (RawPageClient[])[one, other])
                Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
            one.SendPages(Base, 5, Id);
            other.SendPages(Base, 4, Id).SendPages(Base + 7 * Page, 1, Id);
            foreach (var client in (RawPageClient[])[other, one])
                Assert.Equal(0, client.Send(RawPageClient.Close).Answer(4));
        }
        Assert.Equal([new ImageRun(Base, 4, ImageRun.Parent), new ImageRun(Base + 7 * Page, 1, ImageRun.Present)],
            await Runs(scratch["2"]));
        Assert.Equal([new ImageRun(Base, 5, ImageRun.Parent)], await Runs(scratch["3"]));
        Assert.All((string[])["2", "3"], round => Assert.Equal("../1", new FileInfo(scratch[$"{round}/parent"]).LinkTarget));
        Assert.Equal([scratch["2"], scratch["3"]], await File.ReadAllLinesAsync(scratch[$"1/{ImageNames.ChildrenByContent}"],
            TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_parent_that_is_damaged_is_left_alone()
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--forever", "--compare", "-q");
        Round(server, client => client.SendPages(Base, 5, Id));
        File.WriteAllBytes(scratch["1/pagemap-77.img"], [1, 2, 3]);
        Round(server, client => client.SendPages(Base, 5, Id));
        Assert.Equal([new ImageRun(Base, 5, ImageRun.Present)], await Runs(scratch["2"]));
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("missing")]
    public async Task Pages_of_the_parent_that_can_not_be_read_are_stored(string how)
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--forever", "--compare", "-q");
        Round(server, client => client.SendPages(Base, 5, Id));
        if (how == "missing")
            File.Delete(PagesFile(scratch["1"]));
        else
            File.WriteAllBytes(PagesFile(scratch["1"]), new byte[100]);
        Round(server, client => client.SendPages(Base, 5, Id));
        Assert.Equal(5, (await Runs(scratch["2"])).Where(run => run.Flags == ImageRun.Present).Sum(run => (int)run.Pages));
    }

    /// <summary>Its own client, by content, which keeps its inventories: the pages are compared at the server alone.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rounds_by_content_send_everything_and_the_server_keeps_what_changed(bool numbered)
    {
        Requires.Root();
        await using var victim = await Victim.Start("changes", "write");
        await victim.Stop();
        using var here = new ContentRounds(victim);
        using var there = new Scratch();
        PageServerTool? server = null;
        for (int i = 1; i <= 3; i++)
        {
            if (!numbered || i == 1)
                server = await PageServerTool.Start(numbered ? there.Path : there.Folder($"{i}"),
                    ["--compare", .. numbered ? ["--rounds", "3"]
                        : i == 1 ? Array.Empty<string>() : ["--prev-images-dir", $"../{i - 1}"]]);
            await here.Make($"{i}", i == 1 ? null : $"{i - 1}", "--page-server", "--port", $"{server!.Port}");
            if (i == 1)
                await here.Change();
            if (!numbered || i == 3)
            {
                Assert.Equal(0, await server.Exited());
                await server.DisposeAsync();
            }
        }
        long[] stored = [.. Enumerable.Range(1, 3).Select(i => new FileInfo(PagesFile(there[$"{i}"])).Length / (long)Page)];
        Assert.True(stored[0] > 2048, $"{stored[0]} pages");
        Assert.InRange(stored[1], 3, 19);
        Assert.Equal(0, stored[2]);
        for (int i = 1; i <= 3; i++)
            File.Copy(here[$"{i}/inventory.img"], there[$"{i}/inventory.img"]);
        var verified = await PreDumpTool.Run("verify", there["3"], "--tree", $"{victim.Pid}");
        Assert.True(verified.ExitCode == 0, verified.ToString());
    }

    /// <summary>A path that says the same from everywhere: otherwise dedup would not know the child.</summary>
    [Fact]
    public async Task Where_the_images_directory_is_relative_the_parent_notes_where_it_is()
    {
        await using var victim = await Victim.Start("plain", 100);
        await victim.Stop();
        using var here = new ContentRounds(victim);
        await here.Make("1");
        Directory.CreateDirectory(here["2"]);
        const string Script = """
            cd "$1" && { "$0" page-server -D 2 --prev-images-dir ../1 --compare --port 0 > port & }
            until grep -q listening port 2> /dev/null; do sleep 0.1; done
            "$0" -q -t "$2" -D "$3" --track content --page-server --port "$(sed 's/.*://;q' port)" && wait
            """;
        await Command.Must("/bin/bash", "-c", Script, await PreDumpTool.File(), here.Home, $"{victim.Pid}",
            Directory.CreateDirectory(here["client"]).FullName);
        Assert.Equal([here["2"]], here.Children("1"));
        File.Copy(here["client/inventory.img"], here["2/inventory.img"]);
        Assert.Equal(0, (await PreDumpTool.Run("dedup", here["2"])).ExitCode);
    }

    private static void Round(PageServerTool server, Action<RawPageClient> send, int messageBytes = 32, bool opens = true,
        int answers = 0)
    {
        using var client = server.Connect(messageBytes);
        if (opens)
            Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
        send(client);
        for (int i = 0; i < answers; i++)
            Assert.Equal(0, client.Answer(1));
        Assert.Equal(0, client.Send(RawPageClient.Close).Answer(4));
    }

    // Of the one task.
    private static string PagesFile(string images) => Assert.Single(Directory.GetFiles(images, "pages-*.img"));

    private static async Task<List<ImageRun>> Runs(string images) => (await DecodedImages.Read(images)).Tasks[77].Runs;

    private static SortedDictionary<string, string> Chain(string images) => ChainContent.Of(images);

    private static string Name(int pid, ulong address) => $"pagemap-{pid}.img {address:x16}";

    private static string Digest(byte fill) => Convert.ToHexString(
        System.Security.Cryptography.SHA256.HashData(Enumerable.Repeat(fill, (int)Page).ToArray()));
}
