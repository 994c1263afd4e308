using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>What may stand behind --log-file besides a file: criu opens it, whatever it is.</summary>
public sealed class LogFileTests
{
    private const string Line = "frozen"; // in every log of level 4

    [Theory]
    [InlineData("/dev/stdout")]
    [InlineData("/proc/self/fd/1")]
    [InlineData("/dev/fd/1")]
    [InlineData("-")]
    public async Task A_log_on_standard_output_is_there(string name) => Assert.Contains(Line, (await Dump(name)).Output);

    [Theory]
    [InlineData("/dev/stderr")]
    [InlineData("/dev/fd/2")]
    public async Task A_log_on_standard_error_is_there_once(string name) =>
        Assert.Single((await Dump(name)).ErrorLines, line => line.Contains(Line, StringComparison.Ordinal));

    /// <summary>As a shell's >(logger) has it.</summary>
    [Fact]
    public async Task A_log_in_a_pipe_that_was_inherited_is_there()
    {
        using var scratch = new Scratch();
        var result = await Shell("\"$@\" -o >(cat > \"$DIR/log\"); wait $!; cat \"$DIR/log\"", scratch);
        Assert.Contains(Line, result.Output);
    }

    /// <summary>The output that is there already is neither truncated nor written over.</summary>
    [Fact]
    public async Task A_log_on_standard_output_that_is_a_file_stands_behind_what_it_has()
    {
        using var scratch = new Scratch();
        await Shell("{ echo before; \"$@\" -o /dev/stdout; echo after; } > \"$DIR/log\"", scratch);
        var lines = File.ReadAllLines(scratch["log"]);
        Assert.Equal("before", lines[0]);
        Assert.Contains(lines, line => line.Contains(Line, StringComparison.Ordinal));
        Assert.Equal("after", lines[^1]);
    }

    [Fact]
    public async Task A_log_in_a_fifo_is_read()
    {
        using var scratch = new Scratch();
        var result = await Shell("mkfifo \"$DIR/log\"; cat \"$DIR/log\" & \"$@\" -o \"$DIR/log\"; wait", scratch);
        Assert.Contains(Line, result.Output);
    }

    [Theory]
    [InlineData("target")]
    [InlineData("missing")]
    [InlineData("/dev/stdout")]
    public async Task A_log_that_is_a_link_of_ones_own_is_where_it_leads(string target)
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch["target"], "of an earlier run");
        File.CreateSymbolicLink(scratch["second"], target);
        File.CreateSymbolicLink(scratch["log"], "second");
        var result = await Shell("\"$@\" -o \"$DIR/log\"", scratch);
        var log = target[0] == '/' ? result.Output : File.ReadAllText(scratch[target]);
        Assert.Contains(Line, log);
        Assert.DoesNotContain("of an earlier run", log);
    }

    [Fact]
    public async Task A_log_that_is_a_descriptor_without_an_open_file_is_refused()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        Assert.Contains("/dev/fd/77",
            await Refusal.Of(Refusal.Failure, scratch.Path, "--tree", $"{victim.Pid}", "-o", "/dev/fd/77"));
    }

    private static async Task<CommandResult> Dump(string log)
    {
        using var scratch = new Scratch();
        return await Shell($"\"$@\" -o {log}", scratch);
    }

    // "$@" is a quiet round with a full log; $DIR is the scratch directory.
    private static async Task<CommandResult> Shell(string script, Scratch scratch)
    {
        await using var victim = await Victim.Start("plain");
        var result = await Command.Run("/bin/bash", ["-c", script, "bash", await PreDumpTool.File(),
            "--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("images"), "-v4", "-q"],
            environment: new Dictionary<string, string> { ["DIR"] = scratch.Path });
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }
}
