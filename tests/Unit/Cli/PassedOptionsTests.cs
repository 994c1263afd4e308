using PreDump.Cli;
using Xunit;

namespace PreDump.Tests.Unit.Cli;

/// <summary>What stands behind -- of predump checkpoint.</summary>
public sealed class PassedOptionsTests
{
    [Fact]
    public void Letters_and_abbreviations_are_written_out()
    {
        var options = From("-jl", "-x12,13", "--manage-c=full", "--external", "mnt[a b]:#\"c", "--no-link-remap", "-R");
        Assert.Equal(["--shell-job", "--file-locks", "--ext-unix-sk=12,13", "--manage-cgroups=full",
            "--external=mnt[a b]:#\"c", "--no-link-remap", "--leave-running"], options.Words);
        Assert.Equal(["--shell-job", "--file-locks", "--ext-unix-sk=12,13", "--no-link-remap"], options.ForRestore);
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData("-v", 3)]
    [InlineData("-vv", 4)]
    [InlineData("-v4", 4)]
    [InlineData("-v4 --verbosity=1", 1)]
    public void The_level_of_the_log_is_no_word_but_the_requests(string words, int level)
    {
        var options = From(words.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(level, options.LogLevel);
        Assert.Empty(options.Words);
    }

    [Fact]
    public void Action_scripts_run_in_the_order_of_criu_which_is_the_last_one_first()
    {
        var options = From("--action-script", "/one", "-j", "--action-script=/two");
        Assert.Equal(["/two", "/one"], options.Scripts);
        Assert.Equal(["--shell-job"], options.Words);
    }

    /// <summary>There options for other commands may stand, and what predump says to criu itself.</summary>
    [Fact]
    public void Configuration_files_come_first_without_what_predump_says_itself()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file,
            "tcp-established\nimages-dir /elsewhere\nlog-file x\nverbosity 4\naction-script /file\npage-server\n");
        var options = From("--config", file, "-v", "--action-script", "/line", "-j");
        File.Delete(file);
        Assert.Equal(["--tcp-established", "--shell-job"], options.Words);
        Assert.Equal(["/line", "/file"], options.Scripts);
        Assert.Equal(5, options.LogLevel);
    }

    [Theory]
    [InlineData("--images-dir /x", "--images-dir /x can't stand behind --: predump checkpoint itself says that to criu")]
    [InlineData("-t 5", "-t 5 can't stand behind --: predump checkpoint itself says that to criu")]
    [InlineData("-D/x", "-D /x can't stand behind --: ")]
    [InlineData("--prev-images-dir=../0", "predump checkpoint itself")]
    [InlineData("-o log", "predump checkpoint itself")]
    [InlineData("-W dir", "predump checkpoint itself")]
    [InlineData("--page-server", "give it before --, for the rounds and the dump alike")]
    [InlineData("--tls-cacert=/ca", "give it before --")]
    [InlineData("--lazy-pages", "there would be no complete dump")]
    [InlineData("--stream", "there would be no complete dump")]
    [InlineData("-V", "there would be no complete dump")]
    [InlineData("--no-track-mem", "a dump upon rounds needs the tracking")]
    [InlineData("--max-rounds 3", "is an option of predump's: give it before --")]
    [InlineData("--no-such-option", "there is no option --no-such-option")]
    [InlineData("-v9x", "the level must be a number")]
    [InlineData("-j dump", "behind -- stand options for criu dump only, and dump is none")]
    public void What_would_break_the_dump_is_refused(string words, string why)
    {
        var refused = Assert.Throws<UsageException>(() => From(words.Split(' ')));
        Assert.Contains(why, refused.Message);
    }

    private static PreDump.Settings.DumpOptions From(params string[] words) => PassedOptions.From(words);
}
