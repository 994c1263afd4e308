using System.Net.Sockets;
using System.Text;
using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>What a page server tells systemd about itself (Type=notify, sd_notify(3)).</summary>
public sealed class ServiceNotificationTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_page_server_says_when_it_is_ready_what_it_received_and_that_it_ends(bool isAbstract)
    {
        string images = _scratch.Folder("images"), here = _scratch.Folder("here");
        using var server = await Start(Listen(isAbstract), "-D", images, "--forever");
        try
        {
            var ready = await Told();
            Assert.Equal("READY=1", ready[0]);
            Assert.StartsWith("STATUS=listening on 127.0.0.1:", ready[1]);
            Assert.Equal($"MAINPID={server.Id}", ready[2]);

            await using var victim = await Victim.Start("plain", 300);
            await PreDumpTool.Dump(victim.Pid, here, "--page-server", "--port", ready[1].Split(':')[^1]);
            Assert.StartsWith("STATUS=round 1: 1 task, ", Assert.Single(await Told()));

            Signal.Send(server.Id, Signal.Term);
            Assert.Equal(["STOPPING=1"], await Told());
        }
        finally
        {
            await PreDumpTool.End(server, Signal.Kill);
        }
    }

    [Fact]
    public async Task A_page_server_that_ends_by_itself_says_so()
    {
        using var server = await Start(Listen(isAbstract: false), "-D", _scratch.Folder("images"), "--once");
        int port = int.Parse((await Told())[1].Split(':')[^1]);
        using (var client = new RawPageClient(port, 32))
        {
            Assert.Equal(0, client.Send(RawPageClient.Open2, id: 77 << 8 | 1).Answer(1));
            Assert.Equal(0, client.Send(RawPageClient.Close).Answer(4));
        }
        Assert.StartsWith("STATUS=", Assert.Single(await Told()));
        Assert.Equal(["STOPPING=1"], await Told());
        await Eventually.True(() => server.HasExited, "the page server ends");
        Assert.Equal(0, server.ExitCode);
    }

    [Fact]
    public async Task The_daemon_is_named_as_the_process_that_serves()
    {
        using var starter = await Start(Listen(isAbstract: false), "-D", _scratch.Folder("images"), "--forever", "--daemon");
        var ready = await Told();
        Assert.Equal("READY=1", ready[0]);
        int pid = int.Parse(ready[2]["MAINPID=".Length..]);
        Assert.NotEqual(starter.Id, pid);
        Signal.Send(pid, Signal.Term);
        Assert.Equal(["STOPPING=1"], await Told());
        await Eventually.True(() => !ProcessView.Exists(pid), "the daemon ends");
    }

    [Fact]
    public async Task A_service_manager_that_is_not_there_is_only_a_warning()
    {
        using var server = await Start(_scratch["nobody"], "-D", _scratch.Folder("images"), "--forever");
        Assert.StartsWith("listening on ", await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        var line = await server.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        await PreDumpTool.End(server, Signal.Term);
        Assert.Equal(128 + Signal.Term, server.ExitCode);
        Assert.Matches("^predump: warning: the service manager at .*nobody .*READY=1", line);
    }

    public void Dispose()
    {
        _manager.Dispose();
        _scratch.Dispose();
    }

    // The address, as NOTIFY_SOCKET has it.
    private string Listen(bool isAbstract)
    {
        string name = isAbstract ? $"@predump-test-{Guid.NewGuid():n}" : _scratch["notify"];
        _manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? '\0' + name[1..] : name));
        return name;
    }

    private static async Task<System.Diagnostics.Process> Start(string manager, params string[] options) =>
        await Command.Start(await PreDumpTool.File(), ["page-server", .. options],
            environment: new Dictionary<string, string> { ["NOTIFY_SOCKET"] = manager });

    private async Task<string[]> Told()
    {
        var buffer = new byte[4096];
        int got = await Eventually.Within(_manager.ReceiveAsync(buffer), "word from the page server");
        return Encoding.UTF8.GetString(buffer, 0, got).Split('\n');
    }
}
