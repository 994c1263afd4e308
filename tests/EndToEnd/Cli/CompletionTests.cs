using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>What shells make of a line of predump when Tab is pressed.</summary>
public sealed class CompletionTests : IDisposable
{
    // Types a line and a Tab into an interactive shell, and prints what appears; it ends with the line's end or after a while.
    private const string Typist = """
        import os, pty, select, sys, time
        setup, typed, expected = sys.argv[1:4]
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(TERM="dumb", PS1="$ ", HISTFILE="/dev/null", HOME=os.getcwd(), ZDOTDIR=os.getcwd())
            os.execv(sys.argv[4], sys.argv[4:])
        def until(text, seconds):
            seen, end = "", time.monotonic() + seconds
            while text not in seen and (left := end - time.monotonic()) > 0:
                if select.select([terminal], [], [], left)[0]:
                    seen += os.read(terminal, 65536).decode(errors="replace")
            return seen
        os.write(terminal, (setup + "; echo rea''dy\n").encode())
        seen = until("ready", 60)
        time.sleep(0.2) # until it reads again
        os.write(terminal, (typed + "\t").encode())
        seen += until(expected, 20)
        print(seen)
        os.kill(pid, 9)
        sys.exit(0 if expected in seen else 1)
        """;

    private readonly Scratch _scratch = new();

    [Theory]
    [InlineData("predump ver", "predump verify ")]
    [InlineData("predump page-server --forev", "page-server --forever ")]
    [InlineData("predump -D x --image-io-mode di", "--image-io-mode direct ")]
    [InlineData("predump show pages-", "predump show pages-1.img")] // a file, of which predump knows nothing
    public async Task Bash_completes_commands_options_words_and_files(string typed, string expected) =>
        await Completes(typed, expected, $"source {Completion("bash")}", "/bin/bash", "--norc", "--noprofile", "-i");

    [Theory]
    [InlineData("predump ver", "predump verify ")]
    [InlineData("predump page-server --forev", "page-server --forever ")]
    [InlineData("predump show pages-", "predump show pages-1.img")]
    public async Task Zsh_completes_commands_options_and_files(string typed, string expected)
    {
        Requires.Program("/usr/bin/zsh", "zsh");
        File.Copy(Completion("zsh"), Path.Combine(_scratch.Folder("functions"), "_predump"));
        await Completes(typed, expected, $"fpath=({_scratch["functions"]} $fpath); autoload -U compinit; compinit -u -D",
            "/usr/bin/zsh", "-f", "-i");
    }

    [Theory]
    [InlineData("predump ver", "verify")]
    [InlineData("predump page-server --forev", "--forever")]
    [InlineData("predump show pages-", "pages-1.img")]
    public async Task Fish_completes_commands_options_and_files(string typed, string expected)
    {
        Requires.Program("/usr/bin/fish", "fish");
        await File.WriteAllTextAsync(_scratch["pages-1.img"], "", TestContext.Current.CancellationToken);
        string script = $"source {Completion("fish")}; complete -C '{typed}'";
        var result = await Command.Run("/usr/bin/fish", ["--no-config", "-c", script], _scratch.Path, await WithPredump());
        Assert.Equal(expected, result.Output.Trim());
    }

    [Fact]
    public async Task A_line_that_nothing_is_known_of_gets_no_suggestion_and_no_message()
    {
        var result = await PreDumpTool.Run("[suggest:29]", "predump --image-io-mode=direct");
        Assert.Equal("", result.Output.Trim() + result.Errors);
    }

    public void Dispose() => _scratch.Dispose();

    private async Task Completes(string typed, string expected, string setup, params string[] shell)
    {
        Requires.Program(Requires.DebianPython, "python3");
        await File.WriteAllTextAsync(_scratch["pages-1.img"], "", TestContext.Current.CancellationToken);
        var result = await Command.Run(Requires.DebianPython, ["-c", Typist, setup, typed, expected, .. shell],
            _scratch.Path, await WithPredump());
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    private static string Completion(string shell) => Path.Combine(Repository.Top, "packaging/completions", $"predump.{shell}");

    private static async Task<Dictionary<string, string>> WithPredump() => new()
    {
        ["PATH"] = $"{Path.GetDirectoryName(await PreDumpTool.File())}:/usr/bin:/bin",
    };
}
