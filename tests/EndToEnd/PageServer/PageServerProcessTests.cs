using System.Net;
using System.Net.Sockets;
using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>The page server as a process: in the background, with its port in use, with wrong options.</summary>
public sealed class PageServerProcessTests
{
    [Fact]
    public async Task A_page_server_in_the_background_receives_a_pre_dump()
    {
        using var scratch = new Scratch();
        string images = scratch.Folder("images"), here = scratch.Folder("here");
        string script = "exec \"$0\" \"$@\" 3> '" + scratch["listens"] + "'";
        var started = await Command.Run("/bin/sh", ["-c", script, await PreDumpTool.File(),
            "page-server", "-D", images, "-W", scratch.Path, "--daemon", "--pidfile", "pid", "--status-fd", "3", "-o", "log"]);
        Assert.True(started.ExitCode == 0, started.ToString());
        Assert.Equal([0], await File.ReadAllBytesAsync(scratch["listens"], TestContext.Current.CancellationToken));
        int pid = int.Parse(await File.ReadAllTextAsync(scratch["pid"], TestContext.Current.CancellationToken));
        await using var victim = await Victim.Start("plain", 300);
        await PreDumpTool.Dump(victim.Pid, here, "--page-server", "--port", started.Output.Trim().Split(':')[^1]);
        await Eventually.True(() => !ProcessView.Exists(pid), "the daemon ends after its round");
        File.Copy(Path.Combine(here, "inventory.img"), Path.Combine(images, "inventory.img"));
        Assert.Equal(0, (await PreDumpTool.Run("verify", images)).ExitCode);
        Assert.NotEmpty((await DecodedImages.Read(images)).Tasks[victim.Pid].Runs);
    }

    /// <summary>As those that systemd makes for a service.</summary>
    [Fact]
    public async Task A_user_without_a_home_can_use_tls()
    {
        using var nobody = new Nobody(id: 54321);
        using var scratch = new Scratch();
        File.SetUnixFileMode(scratch.Path, UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        var (tls, _) = new Certificates(scratch).For("127.0.0.1");
        var result = await nobody.RunToolBehind(["/usr/bin/env", "-u", "HOME"], "page-server", "-D", nobody.Images, "--tls",
            "--tls-cert", tls.Cert!, "--tls-key", tls.Key!, "--tls-cacert", tls.CaCert!, "--ps-socket", "9");
        // which is found out after the files of TLS were read
        Assert.Contains("descriptor 9 is not a connected", Refusal.Line(Refusal.Failure, result));
    }

    [Fact]
    public async Task A_page_server_refuses_a_port_that_is_taken()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        using var scratch = new Scratch();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Assert.Contains($"{port}", Refusal.Line(Refusal.Failure,
            await PreDumpTool.Run("page-server", "--images-dir", scratch.Path, "--port", $"{port}")));
    }

    [Theory]
    [InlineData("--rounds", "2", "--forever")]
    [InlineData("--once", "--rounds", "2")]
    [InlineData("--rounds", "0")]
    [InlineData("--forever", "--prev-images-dir", "../1")]
    public async Task A_page_server_refuses_options_that_make_no_sense(params string[] options) =>
        Refusal.Line(Refusal.Usage, await PreDumpTool.Run(["page-server", .. options]));

    [Fact]
    public async Task A_page_server_refuses_a_directory_that_holds_images_already()
    {
        using var scratch = new Scratch();
        await File.WriteAllTextAsync(scratch["pagemap-1.img"], "", TestContext.Current.CancellationToken);
        Refusal.Line(Refusal.Failure, await PreDumpTool.Run("page-server", "--images-dir", scratch.Path));
    }
}
