using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>Tasks that reserve far more addresses than they use, as on kernels before 6.7, where /proc/PID/pagemap is read entry
/// by entry (preload/noscan.c), with dirty tracking that predump believes in (preload/softdirty.c).</summary>
public sealed class ReservedMemoryTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_freeze_does_not_take_longer_for_addresses_that_are_only_reserved()
    {
        const int Gigabytes = 1024;
        Requires.NoSoftDirty(); // there the real dirty tracking works
        await using var victim = await Victim.Start("sparse", Gigabytes);
        await victim.Stop(); // what it still writes after READY would not be marked
        using var scratch = new Scratch();
        await Round(victim, scratch.Folder("1"));

        var summary = await Round(victim, scratch.Folder("2"), "--prev-images-dir", "../1");

        output.WriteLine($"{summary}");
        // Only the copy walks all addresses, in some seconds. (When the freeze did, too, it took about as long.)
        long frozen = summary.GetProperty("freezing_us").GetInt64() + summary.GetProperty("frozen_us").GetInt64();
        Assert.InRange(frozen, 1, summary.GetProperty("copying_us").GetInt64() / 4);
        Assert.InRange(summary.GetProperty("pages_in_parent").GetInt64(), Gigabytes, Gigabytes + 1000);
        var verified = await PreDumpTool.Run("verify", scratch["2"], "--tree", $"{victim.Pid}");
        Assert.True(verified.ExitCode == 0, verified.ToString());
    }

    private static async Task<JsonElement> Round(Victim victim, string images, params string[] more)
    {
        var result = await Command.Run(await PreDumpTool.File(),
            ["--tree", $"{victim.Pid}", "--images-dir", images, "--json", .. more],
            environment: new Dictionary<string, string>
            {
                ["LD_PRELOAD"] = $"{Victim.FileOf("softdirty.so")}:{Victim.FileOf("noscan.so")}",
            });
        Assert.True(result.ExitCode == 0, result.ToString());
        return JsonDocument.Parse(result.Output).RootElement;
    }
}
