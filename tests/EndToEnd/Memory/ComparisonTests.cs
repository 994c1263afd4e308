using Xunit;
using Xunit.Sdk;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>The comparison that all other tests rely on notices a wrong byte, a missing page and an extra page.</summary>
public sealed class ComparisonTests
{
    [Fact]
    public Task The_comparison_notices_a_flipped_byte() => Noticed("with other content", async (victim, images) =>
    {
        await using var pages = File.Open(images["pages-1.img"], FileMode.Open, FileAccess.ReadWrite);
        pages.Position = pages.Length - 1;
        var last = pages.ReadByte();
        pages.Position = pages.Length - 1;
        pages.WriteByte((byte)~last);
    });

    [Fact]
    public Task The_comparison_notices_a_page_that_lost_its_place() => Noticed("Values differ", (victim, images) =>
    {
        using var pages = File.Open(images["pages-1.img"], FileMode.Open, FileAccess.ReadWrite);
        pages.SetLength(pages.Length - 4096);
        return Task.CompletedTask;
    });

    [Fact]
    public async Task The_comparison_notices_a_page_that_appeared_after_the_images_were_made()
    {
        await Requires.PageOracle();
        using var scratch = new Scratch();
        await using var victim = await Victim.Start("ctrlz");
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        await using var other = await Victim.Start("plain");
        await other.Stop();
        File.Move(scratch[$"pagemap-{victim.Pid}.img"], scratch[$"pagemap-{other.Pid}.img"]);
        await Assert.ThrowsAnyAsync<XunitException>(() => PageComparison.AssertSame(other, scratch.Path));
    }

    private static async Task Noticed(string what, Func<Victim, Scratch, Task> spoil)
    {
        await Requires.PageOracle();
        using var scratch = new Scratch();
        await using var victim = await Victim.Start("plain");
        await victim.Stop();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        await PageComparison.AssertSame(victim, scratch.Path);
        await spoil(victim, scratch);
        var noticed = await Assert.ThrowsAnyAsync<XunitException>(() => PageComparison.AssertSame(victim, scratch.Path));
        Assert.Contains(what, noticed.Message);
    }
}
