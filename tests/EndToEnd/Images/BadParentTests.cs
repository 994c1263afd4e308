using Xunit;

namespace PreDump.Tests.EndToEnd.Images;

/// <summary>A --prev-images-dir that can't be used is an error, never a silent full dump.</summary>
public sealed class BadParentTests
{
    [Fact]
    public async Task A_parent_is_refused_on_a_kernel_without_soft_dirty_that_is_asked_for()
    {
        Requires.NoSoftDirty();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        await PreDumpTool.Dump(victim.Pid, scratch.Folder("first"), "--track", "soft-dirty");
        var before = VictimState.OfTree(victim);

        var line = await Refusal.Of(Refusal.Failure, scratch.Folder("second"), "--tree", $"{victim.Pid}",
            "--prev-images-dir", "../first", "--track", "soft-dirty");

        Assert.Contains("soft-dirty", line, StringComparison.OrdinalIgnoreCase);
        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task A_parent_with_an_absolute_path_is_refused()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        await Refusal.Of(Refusal.Failure, scratch.Folder("images"), "--tree", $"{victim.Pid}",
            "--prev-images-dir", scratch.Folder("first"));
    }

    [Fact]
    public async Task A_parent_that_is_missing_is_refused()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        await Refusal.Of(Refusal.Failure, scratch.Folder("images"), "--tree", $"{victim.Pid}", "--prev-images-dir", "../nowhere");
    }

    [Fact]
    public async Task A_round_without_a_parent_on_a_kernel_without_soft_dirty_is_worth_one_warning()
    {
        Requires.NoSoftDirty();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await PreDumpTool.Run("--tree", $"{victim.Pid}", "--images-dir", scratch.Path, "--json",
            "--track", "soft-dirty");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("soft-dirty",
            Assert.Single(result.ErrorLines, line => line.StartsWith("predump: warning: ", StringComparison.Ordinal)));
        Assert.Contains("\"soft_dirty\":false", result.Output.Replace(" ", "", StringComparison.Ordinal));
    }
}
