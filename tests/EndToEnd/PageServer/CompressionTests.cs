using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>Pages on their way between two of ours are compressed where that pays, and arrive as they were.</summary>
public sealed class CompressionTests
{
    [Theory]
    [InlineData("on", false)]
    [InlineData("on", true)]
    [InlineData("off", false)]
    public async Task Compressed_pages_arrive_as_they_were_plain_and_by_TLS(string mode, bool tls)
    {
        await using var victim = await Victim.Start("floats", 3000);
        await victim.Stop();
        using var scratch = new Scratch();
        string[] security = tls ? Tls(scratch, "127.0.0.1") : [];
        await using var server = await PageServerTool.Start(scratch.Folder("images"), ["--rounds", "1", .. security]);

        var summary = await PreDumpTool.Dump(victim.Pid, scratch.Folder("client"),
            ["--page-server", "--port", $"{server.Port}", "--compress", mode, .. security]);

        Assert.Equal(0, await server.Exited());
        await AssertWhole(scratch["images/1"], victim);
        Assert.Equal(mode == "on", Share(summary) < 0.9);
    }

    /// <summary>The link has 100 Mbit/s; the compressor is faster by far.</summary>
    [Fact]
    public async Task By_default_pages_are_compressed_on_a_slow_link()
    {
        await using var hosts = await TwoHosts.Connect();
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(hosts.Far, scratch.Folder("images"), "--rounds", "1");
        await using var victim = await Victim.Start("floats", 16384);
        await victim.Stop();

        var sent = await hosts.Near.Run(await PreDumpTool.File(), "--tree", $"{victim.Pid}", "--images-dir",
            scratch.Folder("client"), "--page-server", "--address", hosts.Far.Address, "--port", $"{server.Port}", "--json");

        Assert.True(sent.ExitCode == 0, sent.ToString());
        Assert.Equal(0, await server.Exited());
        await AssertWhole(scratch["images/1"], victim);
        Assert.InRange(Share(JsonDocument.Parse(sent.Output).RootElement), 0, 0.7);
    }

    /// <summary>A page server that knows CRIU's protocol alone: what it gets is CRIU's protocol.</summary>
    [Theory]
    [InlineData(24, "auto", false)]
    [InlineData(32, "auto", false)]
    [InlineData(24, "on", true)]
    [InlineData(32, "on", true)]
    public async Task A_page_server_of_CRIUs_gets_what_it_understands(int messageBytes, string mode, bool warns)
    {
        using var server = FakePageServer.Of(messageBytes);
        await using var victim = await Victim.Start("floats", 700);
        using var scratch = new Scratch();

        var result = await PreDumpTool.Run("--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("1"), "--page-server",
            "--port", $"{server.Port}", "--compress", mode);

        await server.Ended();
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Single(server.Commands, command => command == 5); // one question, as ever
        Assert.Equal(warns, result.Errors.Contains("does not take compressed pages"));
        Assert.InRange(server.Tasks[(ulong)victim.Pid].Count, 700, int.MaxValue);
    }

    private static async Task AssertWhole(string images, Victim victim)
    {
        var verified = await PreDumpTool.Run("verify", images, "--tree", $"{victim.Pid}");
        Assert.True(verified.ExitCode == 0, verified.ToString());
    }

    // Of the bytes that would have been sent without compression.
    private static double Share(JsonElement summary) =>
        summary.GetProperty("bytes_sent").GetDouble() / summary.GetProperty("bytes_written").GetDouble();

    private static string[] Tls(Scratch scratch, string host)
    {
        var options = new Certificates(scratch).For(host).Options;
        return ["--tls", "--tls-cert", options.Cert!, "--tls-key", options.Key!, "--tls-cacert", options.CaCert!];
    }
}
