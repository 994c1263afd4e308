using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>A pre-dump that sends its pages to a page server, of either layout; the server may be dead, slow or lie.</summary>
public sealed class PageServerClientTests
{
    [Theory]
    [InlineData(24, "auto")]
    [InlineData(32, "auto")]
    [InlineData(24, "24")]
    [InlineData(32, "32")]
    public async Task A_page_server_of_either_layout_gets_all_pages(int messageBytes, string protocol)
    {
        using var server = FakePageServer.Of(messageBytes);
        await using var victim = await Victim.Start("plain", 700);
        await victim.Stop();
        using var scratch = new Scratch();
        string local = scratch.Folder("local"), sent = scratch.Folder("sent");
        await PreDumpTool.Dump(victim.Pid, local);

        await PreDumpTool.Dump(victim.Pid, sent, "--page-server", "--port", $"{server.Port}", "--page-server-protocol", protocol);

        await server.Ended();
        Assert.Equal(["inventory.img", "stats-dump"], Directory.GetFiles(sent).Select(Path.GetFileName)
            .Where(name => name is not ("predump-frames" or "predump-by-content")).Order());
        var task = (await DecodedImages.Read(local)).Tasks[victim.Pid];
        var pages = server.Tasks[(ulong)victim.Pid];
        Assert.Equal(task.Places().Keys.Order(), pages.Keys);
        using var file = File.OpenRead(task.PagesFile);
        foreach (var (address, offset) in task.Places())
        {
            var expected = new byte[4096];
            file.Position = offset;
            file.ReadExactly(expected);
            Assert.True(expected.AsSpan().SequenceEqual(pages[address]), $"page {address:x}");
        }
        Tally.Count("pages compared with live memory", pages.Count);
        Assert.Equal(protocol == "auto" ? 5 : 4, server.Commands[0]);
        Assert.Equal(0x1023, server.Commands[^1]);
    }

    [Theory]
    [InlineData("--page-server")]
    [InlineData("--page-server", "--port", "0")]
    [InlineData("--page-server", "--port", "70000")]
    [InlineData("--page-server", "--port", "1", "--page-server-protocol", "25")]
    public async Task A_client_of_a_page_server_refuses_options_that_make_no_sense(params string[] options) =>
        Refusal.Line(Refusal.Usage, await PreDumpTool.Run(["--tree", "1", .. options]));

    [Fact]
    public async Task A_page_server_that_does_not_listen_is_an_error()
    {
        int port;
        using (var server = FakePageServer.Of(24))
            port = server.Port;
        Assert.Contains("can't be reached", await Refused(port));
    }

    [Fact]
    public async Task A_page_server_that_says_nothing_is_an_error() =>
        Assert.Contains("silent", await Refused((_, _) => Thread.Sleep(TimeSpan.FromSeconds(5))));

    [Fact]
    public async Task A_page_server_that_hangs_up_at_once_is_an_error() =>
        Assert.Contains("hung up", await Refused((_, _) => { }));

    [Fact]
    public async Task A_page_server_that_takes_nothing_any_more_is_an_error() =>
        Assert.Contains("took nothing", await Refused((_, stream) =>
        {
            stream.ReadExactly(new byte[24]);
            stream.Write(new byte[4]);
            Thread.Sleep(TimeSpan.FromSeconds(20));
        }));

    [Fact]
    public async Task A_page_server_that_dies_in_the_middle_is_an_error()
    {
        using var server = FakePageServer.Of(32, hangUpAfter: 3);
        Assert.Contains("hung up", await Refused(server.Port));
    }

    [Fact]
    public async Task A_page_server_that_could_not_write_is_an_error()
    {
        using var server = FakePageServer.Of(32, status: -1);
        Assert.Contains("could not write", await Refused(server.Port));
    }

    [Fact]
    public async Task A_signal_ends_the_client_while_the_page_server_hangs()
    {
        using var server = new FakePageServer((_, stream) =>
        {
            stream.ReadExactly(new byte[24]);
            stream.Write(new byte[4]);
            Thread.Sleep(TimeSpan.FromSeconds(20));
        });
        await using var victim = await Victim.Start("plain", 40000);
        using var scratch = new Scratch();
        string images = scratch.Folder("1"), thawed = scratch["thawed"];
        string script = "\"$0\" \"$@\" 3> '" + thawed + "' & echo $! > '" + scratch["pid"] + "'; wait $!";
        var running = Command.Run("/bin/sh", ["-c", script, await PreDumpTool.File(),
            "--tree", $"{victim.Pid}", "--images-dir", images, "--page-server", "--port", $"{server.Port}",
            "--timeout", "0", "--status-fd", "3"]);
        await Eventually.True(() => File.Exists(thawed) && new FileInfo(thawed).Length > 0, "the tree runs on");
        Signal.Send(int.Parse(File.ReadAllText(scratch["pid"])), Signal.Term);

        var result = await running;

        Assert.True(result.ExitCode == 128 + 15, result.ToString());
        Assert.Empty(Directory.GetFileSystemEntries(images));
    }

    private static async Task<string> Refused(Action<FakePageServer, System.Net.Sockets.NetworkStream> serve)
    {
        using var server = new FakePageServer(serve);
        return await Refused(server.Port);
    }

    private static async Task<string> Refused(int port)
    {
        await using var victim = await Victim.Start("plain", 40000);
        using var scratch = new Scratch();
        var result = await PreDumpTool.Run("--tree", $"{victim.Pid}", "--images-dir", scratch.Path,
            "--page-server", "--port", $"{port}", "--timeout", "1", "-q");
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
        Assert.Equal("0", ProcessView.Status(victim.Pid, "TracerPid"));
        Assert.False(victim.HasExited);
        Tally.Count("faults injected");
        return Refusal.Line(Refusal.Failure, result);
    }
}
