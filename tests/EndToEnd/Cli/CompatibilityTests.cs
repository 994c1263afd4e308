using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>Command lines written for `criu pre-dump` work with the tool in its place.</summary>
public sealed class CompatibilityTests
{
    /// <summary>As LXC calls it (src/lxc/criu.c, exec_criu).</summary>
    private static readonly string[] s_lxc =
    [
        "--tcp-established", "--file-locks", "--link-remap", "--manage-cgroups=full", "--ext-mount-map", "auto",
        "--enable-external-sharing", "--enable-external-masters", "--enable-fs", "hugetlbfs", "--enable-fs", "tracefs",
        "--cgroup-root", "freezer:/lxc/c1", "-vvvvvv", "--action-script", "/bin/true", "--ext-mount-map", "/dev/console:console",
        "--external", "tty[4:0]", "--skip-in-flight", "--force-irmap", "--ghost-limit", "1048576",
    ];

    /// <summary>What runc asks for over RPC, written as options.</summary>
    private static readonly string[] s_runc =
    [
        "--root", "/", "--manage-cgroups=soft", "--shell-job", "--leave-running", "--tcp-established", "--skip-in-flight",
        "--link-remap", "--ext-unix-sk", "--file-locks", "--empty-ns", "net",
        "--orphan-pts-master", "--external", "net[4026531840]:extRootNetNS",
        "-v4",
    ];

    /// <summary>The remaining options of `criu dump`, which have no effect on a pre-dump.</summary>
    private static readonly string[] s_rest =
    [
        "--pre-dump-mode", "read", "--evasive-devices", "--skip-mnt", "/mnt", "--lsm-profile", "apparmor:x", "--cpu-cap=all",
        "--network-lock", "nftables", "--irmap-scan-path", "/tmp", "-L", "/tmp", "--log-pid", "-l", "-j", "-R", "-s",
        "--track-mem",
        "--tcp-close", "--weak-sysctls",
    ];

    public static TheoryData<string> Callers => ["lxc", "runc", "rest"];

    [Theory]
    [MemberData(nameof(Callers))]
    public async Task Options_of_criu_that_concern_no_pre_dump_are_accepted(string caller)
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        string[] options = caller switch { "lxc" => s_lxc, "runc" => s_runc, _ => s_rest };

        var result = await PreDumpTool.Run(["pre-dump", .. options, "-D", scratch.Path, "-o", scratch["pre-dump.log"],
            "-t", $"{victim.Pid}"]);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.True(File.Exists(scratch["inventory.img"]));
        Assert.True(File.Exists(scratch["pre-dump.log"]));
    }

    [Theory]
    [InlineData("-t{0}", "-D{1}")]
    [InlineData("-t", "{0}", "-D", "{1}")]
    [InlineData("--tree={0}", "--images-dir={1}", "-vvvv")]
    [InlineData("pre-dump", "--tree", "{0}", "--images-dir", "{1}", "-v0")]
    [InlineData("-t", "{0}", "pre-dump", "-D", "{1}")]
    [InlineData("pre-dump", "-jRt", "{0}", "-D", "{1}")]
    [InlineData("pre-dump", "-qD", "{1}", "-jt{0}", "-vv")]
    [InlineData("pre-dump", "--imag", "{1}", "--tree", "{0}", "--leave-run")]
    [InlineData("pre-dump", "-v4", "-t", "{0}", "-D", "{1}", "-o", "x.log", "--")]
    [InlineData("-D", "{1}", "-t", " +{0}", "--", "pre-dump")]
    public async Task Options_may_be_written_as_getopt_lets_them_be(params string[] arguments)
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await PreDumpTool.Run([.. arguments.Select(argument => string.Format(argument, victim.Pid, scratch.Path))]);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.True(File.Exists(scratch[$"pagemap-{victim.Pid}.img"]));
    }

    [Fact]
    public async Task A_page_server_is_not_silently_forgotten()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await PreDumpTool.Run("-t", $"{victim.Pid}", "-D", scratch.Path, "--page-server", "--address", "127.0.0.1",
            "--port", "1");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }
}
