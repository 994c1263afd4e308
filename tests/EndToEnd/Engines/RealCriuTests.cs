using System.Text.RegularExpressions;
using Xunit;

namespace PreDump.Tests.EndToEnd.Engines;

/// <summary>What is not a pre-dump is done by the real criu, as if that had been called.</summary>
public sealed partial class RealCriuTests
{
    // Everything that a program gets from whoever starts it.
    private const string Inheritance = """
        #!/bin/sh
        grep -E '^(Sig(Blk|Ign|Cgt)|Threads|NoNewPrivs|Seccomp|Cap[A-Z].*|Cpus_allowed):' /proc/self/status
        cat /proc/self/limits /proc/self/oom_score_adj /proc/$$/timerslack_ns
        ls -l /proc/self/fd | sed -n 's/.* \([0-9]* -> \)/\1/p'
        ps -o ni=,cls= -p $$
        [ "$(ps -o sid= -p $$)" -eq "$(ps -o sid= -p $PPID)" ] && echo in the session of its parent
        [ "$(ps -o pgid= -p $$)" -eq "$(ps -o pgid= -p $PPID)" ] && echo in its group
        for word in "$@"; do echo "[$word]"; done
        env | sort; pwd; umask
        """;

    private static readonly string[] s_awkward = ["restore", "", "a b", "--", "-v4", "é", "\n"];

    [GeneratedRegex(@"\b[0-9]+:?\[?[0-9]{3,}\]?|/proc/[0-9]+|PREDUMP_CRIU_HOPS=1\n")]
    private static partial Regex Changing();

    [Theory]
    [InlineData("")]
    [InlineData("trap '' INT QUIT USR1 XFSZ PIPE CHLD; ")]
    [InlineData("ulimit -Sn 100; ulimit -c 0; umask 077; cd /usr; exec 5</dev/null 9>/dev/null; ")]
    [InlineData("exec </dev/null; exec 0<&-; ")]
    public async Task The_real_criu_gets_all_as_predump_got_it(string before)
    {
        using var engine = await Engine.Create();
        using var scratch = new Scratch();
        var real = scratch["criu"];
        File.WriteAllText(real, Inheritance);
        File.SetUnixFileMode(real, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var direct = await Started(real);
        var through = await Started(engine.Criu);

        Assert.Contains("SigIgn", direct);
        Assert.Contains("[a b]", direct);
        Assert.Equal(direct, through);

        async Task<string> Started(string criu)
        {
            var result = await Command.Run("/usr/bin/env", ["-i", $"PATH={engine.Folder}:{scratch.Path}:/usr/bin:/bin",
                "/bin/bash", "-c", before + "exec \"$@\"", "bash", criu, .. s_awkward]);
            Assert.True(result.ExitCode == 0, result.ToString());
            return Changing().Replace(result.Output, "");
        }
    }

    [Theory]
    [InlineData("--version")]
    [InlineData("-V")]
    [InlineData("")]
    [InlineData("-h")]
    [InlineData("no-such-command")]
    [InlineData("dump")]
    [InlineData("-v4 dump -t 99999999 -D /nowhere")]
    [InlineData("restore -D /nowhere")]
    [InlineData("swrk")]
    [InlineData("swrk x")]
    [InlineData("page-server")]
    public async Task Other_commands_end_as_those_of_the_real_criu(string line)
    {
        const string Real = "/usr/sbin/criu";
        Requires.Program(Real, "criu");
        using var engine = await Engine.Create();
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var direct = await Command.Run(Real, words, "/");
        Assert.Equal(direct, await Command.Run(engine.Criu, words, "/"));
        Assert.Equal(direct, await Command.Run(await PreDumpTool.File(), ["criu", .. words], "/"));
    }

    [Fact]
    public async Task Requests_that_are_no_pre_dumps_are_answered_by_the_real_criu()
    {
        Requires.Program("/usr/sbin/criu", "criu");
        using var engine = await Engine.Create();
        var version = await Command.Must("/usr/sbin/criu", "--version");

        var answer = Assert.Single((await engine.Ask(new { type = "VERSION" })).Answers).GetProperty("version");
        Assert.Contains($"{answer.GetProperty("major_number")}.{answer.GetProperty("minor_number")}", version);

        object features = new { type = "FEATURE_CHECK", features = new { mem_track = true } };
        var through = await engine.Ask(features);
        engine.SearchPath = "/usr/sbin";
        File.Delete(engine.Criu);
        File.CreateSymbolicLink(engine.Criu, "/usr/sbin/criu");
        var direct = await engine.Ask(features);
        Assert.Equal(Assert.Single(direct.Answers).ToString(), Assert.Single(through.Answers).ToString());
        Assert.Equal(direct.ExitCode, through.ExitCode);
    }

    [Fact]
    public async Task Without_a_real_criu_pre_dumps_work_and_the_rest_is_refused()
    {
        Requires.Root();
        using var engine = await Engine.Create();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        engine.SearchPath = engine.Folder;
        engine.Through = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", """
            for criu in /usr/sbin/criu /usr/bin/criu; do [ ! -e $criu ] || mount --bind /dev/null $criu; done
            exec "$@"
            """, "sh"];

        (await engine.Ask(Engine.PreDump(victim.Pid, scratch.Path))).AssertDone("PRE_DUMP");
        var (number, message) = (await engine.Ask(new { type = "VERSION" })).Refusal("VERSION");
        Assert.Equal(2, number); // ENOENT
        Assert.StartsWith("there is no criu behind predump", message);

        string[] words = [.. engine.Through[1..], "/usr/bin/env", "-i", $"PATH={engine.Folder}", engine.Criu, "--version"];
        var line = await Command.Run(engine.Through[0], words);
        Assert.Equal(127, line.ExitCode);
        Assert.StartsWith("predump: error: there is no criu behind predump", Assert.Single(line.ErrorLines));
    }

    [Theory]
    [InlineData("exec ")]
    [InlineData("")]
    public async Task A_script_that_leads_back_to_predump_does_not_do_so_forever(string how)
    {
        using var engine = await Engine.Create();
        using var scratch = new Scratch();
        File.WriteAllText(scratch["criu"], $"#!/bin/sh\n{how}{engine.Criu} \"$@\"\n");
        File.SetUnixFileMode(scratch["criu"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var result = await Command.Run("/usr/bin/env", ["-i", $"PATH={engine.Folder}:{scratch.Path}", engine.Criu, "check"]);
        Assert.Equal(127, result.ExitCode);
        Assert.Contains($"{scratch["criu"]} leads back to predump: name the real criu in", Assert.Single(result.ErrorLines));
    }

    [Fact]
    public async Task A_check_names_the_criu_of_PATH_and_the_real_one()
    {
        Requires.Program("/usr/sbin/criu", "criu");
        using var engine = await Engine.Create();
        string with = await Check(engine.SearchPath), without = await Check("/usr/sbin:/usr/bin"), none = await Check("/nowhere");
        Assert.Matches($"(?m)^ok +criu in PATH +{engine.Criu} is predump", with);
        Assert.Matches("(?m)^no +criu in PATH +/usr/sbin/criu is not predump", without);
        Assert.Matches("(?m)^no +criu in PATH +there is none", none);
        Assert.All((string[])[with, without, none], text =>
            Assert.Matches("(?m)^ok +criu +/usr/sbin/criu, version [0-9.]+: it makes the final dump", text));

        static async Task<string> Check(string path)
        {
            var environment = new Dictionary<string, string> { ["PATH"] = path };
            return (await Command.Run(await PreDumpTool.File(), ["check"], environment: environment)).Output;
        }
    }
}
