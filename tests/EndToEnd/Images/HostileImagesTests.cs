using PreDump.Core;
using PreDump.Core.Maintenance;
using PreDump.Core.Parents;
using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.EndToEnd.Images;

/// <summary>Images are untrusted data: whatever takes their place, the tool ends with a one-line error and changes
/// nothing.</summary>
public sealed class HostileImagesTests
{
    // Includes the runtime's own memory; a record of 4 GiB or a million pagemap entries would exceed it.
    private const long MostMemory = 32L * 1024 * 1024;

    public static TheoryData<string> Damages => [.. HostileChain.Damages];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Verify_tells_what_is_wrong_with_hostile_images(string damage)
    {
        using var chain = new HostileChain(7, 1, damage);
        var (result, memory) = await Run("verify", chain.Second);
        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Empty(result.Errors);
        Assert.True(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length >= 2, result.Output);
        Assert.DoesNotContain(": 0 problems", result.Output);
        Assert.InRange(memory, 0, MostMemory);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Dedup_refuses_hostile_images_and_frees_nothing(string damage)
    {
        using var chain = new HostileChain(7, 1, damage);
        byte[]? before = new FileInfo(chain.Pages) is { Exists: true, LinkTarget: null, Length: > 0 }
            ? File.ReadAllBytes(chain.Pages) : null;
        var (result, memory) = await Run("dedup", chain.Second);
        Refusal.Line(Refusal.Failure, result);
        Assert.InRange(memory, 0, MostMemory);
        if (before is not null)
            Assert.Equal(before, File.ReadAllBytes(chain.Pages));
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_round_on_hostile_images_is_refused_before_anything_is_done(string damage)
    {
        int self = Environment.ProcessId;
        using var chain = new HostileChain(self, ProcFs.UptimeMicroseconds() - 1, damage);
        foreach (var parent in new[] { "../1", "../2" }) // damaged itself, or in one of its parents
        {
            var e = Record.Exception(() => Open(chain, parent, self));
            Assert.True(e is ImageException or PreDumpException, $"{parent}: {e}");
            Assert.DoesNotContain('\n', e.Message);
        }
        Assert.Empty(Directory.GetFileSystemEntries(chain.Third));
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Show_ends_whatever_the_images_are(string damage)
    {
        using var chain = new HostileChain(7, 1, damage);
        foreach (var what in new[] { chain.Pagemap, chain.Inventory, chain.Pages, chain.First, chain.Second })
        {
            var (result, memory) = await Run("show", what);
            Assert.InRange(memory, 0, MostMemory);
            if (result.ExitCode != 0)
                Refusal.Line(Refusal.Failure, result);
        }
    }

    [Fact]
    public void The_chain_that_is_made_hostile_is_taken_while_it_is_not()
    {
        int self = Environment.ProcessId;
        using var chain = new HostileChain(self, ProcFs.UptimeMicroseconds() - 1);
        Assert.Null(Record.Exception(() => Open(chain, "../2", self)));
        Assert.Equal(2UL, Opened.In(chain.Second, Dedup.Run));
    }

    [Fact]
    public async Task An_image_that_may_not_be_read_is_named()
    {
        using var nobody = new Nobody();
        using var folder = new HandmadeRounds();
        folder.Task(nobody.Images, 7, 1, (10, 4, PageFlags.Present));
        string pagemap = Path.Combine(nobody.Images, ImageNames.Pagemap(7));
        File.SetUnixFileMode(pagemap, UnixFileMode.None);
        var result = await nobody.RunTool("verify", nobody.Images);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"{pagemap}: permission denied", result.Output);
    }

    private static async Task<(CommandResult Result, long Memory)> Run(params string[] arguments)
    {
        Tally.Count("hostile inputs read");
        Requires.Program("/usr/bin/python3", "python3");
        // The last line is the peak memory of its children.
        const string Script = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
            + "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)";
        var result = await Eventually.Within(Command.Run("/usr/bin/python3",
            ["-c", Script, await PreDumpTool.File(), .. arguments]), "the tool's end");
        var lines = result.Output.TrimEnd().Split('\n');
        return (result with { Output = string.Join('\n', lines[..^1]) }, long.Parse(lines[^1]) * 1024);
    }

    private static void Open(HostileChain chain, string parent, int pid)
    {
        using var images = RoundDirectory.Open(chain.Third);
        using var round = ParentRound.Open(new ParentRequest(new TreeRoot(pid, ProcFs.StartTime(pid), pid, "test"), parent),
            images, new MadeUpTracker(), openRemote: null, Observed.Nothing);
    }
}
