using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>File names are bytes: what is not UTF-8 can be opened all the same, and is printed readably.</summary>
public sealed class BytesInPathsTests
{
    // The directory of the script is scratch; café is in Latin-1.
    private const string Names = "cafe=$(printf 'caf\\351'); ";

    [Fact]
    public async Task Images_go_to_a_directory_in_latin_1()
    {
        var result = await Shell("""
            mkdir "$cafe"; "$0" -t $VICTIM -D "$cafe" --json && "$0" verify "$cafe" && ls "$cafe"
            """);
        Assert.Contains("inventory.img", result.Output);
        Assert.Contains("caf\\\\xe9", result.Output); // in JSON
        Assert.Contains("caf\\xe9: ", result.Output);
    }

    [Fact]
    public async Task A_parent_is_found_below_such_a_directory() =>
        Assert.Contains("in the parent", (await Shell("""
            mkdir "$cafe" "$cafe/1" "$cafe/2"; cd "$cafe"
            "$0" -t $VICTIM -D 1 && "$0" -t $VICTIM -D 2 --prev-images-dir "../../$cafe/1"
            """)).Output);

    [Fact]
    public async Task Rounds_by_content_are_known_by_such_names() =>
        Assert.Contains("refused", (await Shell("""
            mkdir "$cafe" "$cafe/1" "$cafe/2" "$cafe/3"; cd "$cafe"
            round() { "$0" -t $VICTIM --track content -D "$@"; }
            round 1 && round 2 --prev-images-dir ../1 && "$0" dedup 2 && round 3 --prev-images-dir ../1 || exit
            "$0" dedup 2 2> /dev/null || echo refused
            """)).Output);

    [Fact]
    public async Task A_working_directory_a_log_and_a_configuration_file_may_have_such_names() =>
        Assert.Contains("debug: ", (await Shell("""
            mkdir "$cafe" "$cafe/1"; cd "$cafe"
            printf 'images-dir 1\nlog-file l\351\nverbosity 4\nroot /r\351\n' > "$cafe"
            "$0" -t $VICTIM --config "$cafe" -q && cat 1/"$(printf 'l\351')"
            """)).Output);

    [Fact]
    public async Task A_home_with_such_a_name_has_its_default_configuration_file() =>
        Assert.Contains("Frozen time", (await Shell("""
            mkdir -p "$cafe/.criu" 1; echo display-stats > "$cafe/.criu/default.conf"
            HOME="$PWD/$cafe" "$0" -t $VICTIM -D 1
            """)).Output);

    [Fact]
    public async Task A_page_server_in_the_background_serves_such_a_directory()
    {
        var result = await Shell("""
            mkdir "$cafe" 1
            port=$("$0" page-server -D "$cafe" -d --json -o log --pidfile pid | sed 's/.*"port":\([0-9]*\).*/\1/')
            "$0" -t $VICTIM -D 1 --page-server --port $port
            for i in $(seq 100); do ls "$cafe"/pagemap-$VICTIM.img && break; sleep 0.1; done
            """);
        Assert.Contains("pagemap-", result.Output);
    }

    [Fact]
    public async Task A_message_shows_the_byte_as_a_number()
    {
        using var scratch = new Scratch();
        var result = await Command.Run(
            "/bin/sh", ["-c", Names + "\"$0\" show \"$cafe\"", await PreDumpTool.File()], scratch.Path);
        Assert.Contains("caf\\xe9", Refusal.Line(Refusal.Failure, result));
    }

    private static async Task<CommandResult> Shell(string script)
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await Command.Run("/bin/sh", ["-c", Names + script, await PreDumpTool.File()], scratch.Path,
            new Dictionary<string, string> { ["VICTIM"] = $"{victim.Pid}" });
        await Command.Must("/bin/sh", "-c", "rm -rf \"$0\"/caf*", scratch.Path); // .NET can't remove it
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }
}
