using System.Text.Json;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>Rounds on a kernel that marks no page: preload/softdirty.c makes predump trust its dirty tracking, so that all memory
/// of a victim looks clean and changes can be found only by page frames. (Real kernels that lose marks: tests/vm.)</summary>
public sealed class MovedMemoryTests
{
    private const long Area = 16 * 512, Table = 512; // pages
    private const long Stray = 2; // pages; a page that anything else has written to is found if all pages are compared

    [Fact]
    public async Task Page_tables_that_were_moved_over_others_are_copied()
    {
        await using var victim = await MovedTables();
        using var scratch = new Scratch();
        await Round(victim, scratch.Folder("1"));
        await Move(victim);
        await Move(victim);

        var summary = await Round(victim, scratch.Folder("2"), "--prev-images-dir", "../1");

        AssertCounts(summary, suspect: 2 * Table, moved: 2 * Table, atMostWritten: 2 * Table + 10);
        await AssertExact(victim, scratch["2"]);
        await Move(victim);
        AssertCounts(await Round(victim, scratch.Folder("3"), "--prev-images-dir", "../2"),
            suspect: Table, moved: Table, atMostWritten: Table + 10);
        await AssertExact(victim, scratch["3"]);
    }

    /// <summary>As on kernels before 6.7: in the freeze only page tables that were populated before it are read.</summary>
    [Fact]
    public async Task Page_tables_that_were_moved_beside_reserved_memory_are_copied_without_PAGEMAP_SCAN()
    {
        _softDirty["LD_PRELOAD"] += ":" + Victim.FileOf("noscan.so");
        await using var victim = await MovedTables();
        using var scratch = new Scratch();
        await Round(victim, scratch.Folder("1"));
        AssertCounts(await Round(victim, scratch.Folder("2"), "--prev-images-dir", "../1"),
            suspect: 0, moved: 0, atMostWritten: 10);
        await Move(victim);

        var summary = await Round(victim, scratch.Folder("3"), "--prev-images-dir", "../2");

        AssertCounts(summary, suspect: Table, moved: Table, atMostWritten: Table + 10);
        await AssertExact(victim, scratch["3"]);
    }

    [Fact]
    public async Task Page_tables_that_were_moved_are_wrong_in_the_images_if_soft_dirty_is_trusted()
    {
        await using var victim = await MovedTables();
        using var scratch = new Scratch();
        await Round(victim, scratch.Folder("1"));
        await Move(victim);

        AssertCounts(await Round(victim, scratch.Folder("2"), "--prev-images-dir", "../1", "--trust-soft-dirty"),
            suspect: 0, moved: 0, atMostWritten: 10);

        Assert.Equal(Table, await Different(victim, scratch["2"])); // so the other tests are able to fail
        Assert.False(File.Exists(scratch["2/" + ImageNames.Frames]));
    }

    [Fact]
    public async Task A_round_of_a_victim_that_rests_compares_nothing_and_copies_hardly_anything()
    {
        await using var victim = await MovedTables();
        using var scratch = new Scratch();
        await Round(victim, scratch.Folder("1"));
        for (int round = 2; round < 5; round++)
            AssertCounts(await Round(victim, scratch.Folder($"{round}"), "--prev-images-dir", $"../{round - 1}"),
                suspect: 0, moved: 0, atMostWritten: 10);
        await AssertExact(victim, scratch["4"]);
    }

    [Theory]
    [InlineData("missing", "has no frame ledger")]
    [InlineData("damaged", "damaged before offset")]
    [InlineData("forged", "than this machine can hold")]
    [InlineData("another round's", "belongs to another round")]
    [InlineData("writable by others", "is not trusted")]
    [InlineData("a directory", "is a directory")]
    public async Task Without_a_ledger_that_can_be_believed_all_that_looks_clean_is_compared(string how, string why)
    {
        await using var victim = await MovedTables();
        using var scratch = new Scratch();
        await Round(victim, scratch.Folder("0"));
        await Round(victim, scratch.Folder("1"));
        Spoil(how, scratch["1/" + ImageNames.Frames], scratch["0/" + ImageNames.Frames]);
        await Move(victim);

        var result = await Tool(victim, scratch.Folder("2"), "--prev-images-dir", "../1");

        var warning = Assert.Single(result.ErrorLines);
        Assert.StartsWith("predump: warning: ", warning);
        Assert.Contains(why, warning);
        Assert.Contains("compared with the parent's", warning);
        var summary = JsonDocument.Parse(result.Output).RootElement;
        Assert.InRange(summary.GetProperty("pages_suspect").GetInt64(), Area - Table, Area + 1000);
        AssertCounts(summary, suspect: null, moved: Table, atMostWritten: Table + 10);
        await AssertExact(victim, scratch["2"]);
        // it has a frame ledger again
        AssertCounts(await Round(victim, scratch.Folder("3"), "--prev-images-dir", "../2"),
            suspect: 0, moved: 0, atMostWritten: 10);
    }

    [Fact]
    public async Task Without_the_right_to_see_frames_all_that_looks_clean_is_compared()
    {
        const string SetPriv = "/usr/bin/setpriv";
        Requires.Program(SetPriv, "util-linux");
        await using var victim = await MovedTables();
        using var scratch = new Scratch();
        await Round(victim, scratch.Folder("1"));
        await Move(victim);

        var result = await Command.Run(SetPriv,
            ["--bounding-set=-sys_admin", await PreDumpTool.File(), .. Arguments(victim, scratch.Folder("2")),
                "--prev-images-dir", "../1"],
            environment: _softDirty);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("CAP_SYS_ADMIN", Assert.Single(result.ErrorLines));
        AssertCounts(JsonDocument.Parse(result.Output).RootElement, suspect: null, moved: Table, atMostWritten: Table + 10);
        Assert.False(File.Exists(scratch["2/" + ImageNames.Frames]));
        await AssertExact(victim, scratch["2"]);
    }

    [Fact]
    public async Task A_page_server_gets_what_may_have_been_moved()
    {
        await using var victim = await MovedTables();
        using var scratch = new Scratch();
        string one = scratch.Folder("here/1"), two = scratch.Folder("here/2"), there = scratch.Folder("there");
        await using var server = await PageServerTool.Start(there, "--rounds", "2");
        string[] toServer = ["--page-server", "--port", $"{server.Port}"];
        await Round(victim, one, toServer);
        await Move(victim);

        AssertCounts(await Round(victim, two, [.. toServer, "--prev-images-dir", "../1"]),
            suspect: Table, moved: 0, atMostWritten: Area + 1000);

        Assert.Equal(0, await server.Exited());
        await AssertExact(victim, Path.Combine(there, "2"));
    }

    [Fact]
    public async Task A_ledger_is_shown_and_checked_and_private_and_freed_with_its_pages()
    {
        await using var victim = await MovedTables();
        using var scratch = new Scratch();
        string ledger = scratch["1/" + ImageNames.Frames];
        await Round(victim, scratch.Folder("1"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ledger));
        Assert.Contains("frame ledger", (await PreDumpTool.Run("show", scratch["1"])).Output);
        Assert.Contains($"{victim.Pid}", (await PreDumpTool.Run("show", ledger)).Output);
        var shown = JsonDocument.Parse((await PreDumpTool.Run("show", scratch["1"], "--json")).Output).RootElement;
        Assert.InRange(shown.GetProperty("frame_ledger").GetProperty("pages").GetInt64(), Area, Area + 1000);
        Assert.Equal(0, (await PreDumpTool.Run("verify", scratch["1"])).ExitCode);
        await Round(victim, scratch.Folder("2"), "--prev-images-dir", "../1");
        Assert.Equal(0, (await PreDumpTool.Run("dedup", scratch["2"])).ExitCode);
        Assert.False(File.Exists(ledger));

        Spoil("damaged", scratch["2/" + ImageNames.Frames], "");
        var verified = await PreDumpTool.Run("verify", scratch["2"]);
        Assert.Equal(1, verified.ExitCode);
        Assert.Contains("the images can be restored", verified.Output);
    }

    private readonly Dictionary<string, string> _softDirty = new() { ["LD_PRELOAD"] = Victim.FileOf("softdirty.so") };

    private static async Task<Victim> MovedTables()
    {
        Requires.Root();
        Requires.NoSoftDirty(); // there the real dirty tracking works
        return await Victim.Start("movedtables");
    }

    private static async Task Move(Victim victim)
    {
        Signal.Send(victim.Starter, Signal.Usr1);
        Assert.StartsWith("MOVED ", await victim.Line());
    }

    private static string[] Arguments(Victim victim, string images) =>
        ["--tree", $"{victim.Pid}", "--images-dir", images, "--json"];

    private async Task<CommandResult> Tool(Victim victim, string images, params string[] more)
    {
        var result = await Command.Run(await PreDumpTool.File(), [.. Arguments(victim, images), .. more],
            environment: _softDirty);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }

    private async Task<JsonElement> Round(Victim victim, string images, params string[] more)
    {
        var result = await Tool(victim, images, more);
        Assert.Empty(result.ErrorLines);
        return JsonDocument.Parse(result.Output).RootElement;
    }

    private readonly ulong _relocations = Relocations.Count();

    // Other tests may cause pages to be swapped in meanwhile; then more pages are suspect.
    private void AssertCounts(JsonElement summary, long? suspect, long moved, long atMostWritten)
    {
        long most = _relocations == Relocations.Count() ? suspect ?? 0 : Area + 1000;
        long Count(string name) => summary.GetProperty(name).GetInt64();
        Assert.True(suspect is null || (Count("pages_suspect") >= suspect && Count("pages_suspect") <= most),
            $"{suspect} to {most} suspects: {summary}");
        Assert.True(Count("pages_moved") >= moved && Count("pages_moved") <= moved + Stray, $"{moved} moved: {summary}");
        Assert.True(Count("pages_written") >= moved && Count("pages_written") <= atMostWritten,
            $"{moved} to {atMostWritten} written: {summary}");
    }

    private static async Task AssertExact(Victim victim, string images) => Assert.Equal(0, await Different(victim, images));

    private static async Task<long> Different(Victim victim, string images)
    {
        await victim.Stop();
        var result = await PreDumpTool.Run("verify", images, "--tree", $"{victim.Pid}", "--json");
        victim.Continue();
        var compared = JsonDocument.Parse(result.Output).RootElement.GetProperty("compared")[0];
        Tally.Count("pages verified", compared.GetProperty("equal").GetInt64());
        Assert.Equal(0, compared.GetProperty("missing").GetInt64());
        return compared.GetProperty("different").GetInt64();
    }

    private static void Spoil(string how, string ledger, string other)
    {
        switch (how)
        {
            case "damaged":
                var bytes = File.ReadAllBytes(ledger);
                bytes[bytes.Length / 2] ^= 1;
                File.WriteAllBytes(ledger, bytes);
                break;
            case "forged":
                FrameLedgerHead head;
                int pid;
                ulong started;
                using (var real = Opened.Ledger(Path.GetDirectoryName(ledger)!)!)
                    (head, pid, started) = (real.Head, real.Tasks.Keys.Single(), real.Tasks.Values.Single().StartTime);
                Ledgers.Write(Path.GetDirectoryName(ledger)!, head, writer =>
                {
                    writer.BeginTask(pid, started);
                    for (ulong start = 0; start < 1UL << 43; start += 1UL << 37)
                        Ledgers.Ascending(writer, start, 1UL << 24);
                    writer.EndTask();
                });
                break;
            case "another round's":
                File.Copy(other, ledger, overwrite: true);
                break;
            case "writable by others":
                File.SetUnixFileMode(ledger, File.GetUnixFileMode(ledger) | UnixFileMode.OtherWrite);
                break;
            default:
                File.Delete(ledger);
                if (how == "a directory")
                    Directory.CreateDirectory(ledger);
                break;
        }
    }
}
