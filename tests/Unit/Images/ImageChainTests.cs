using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Images;

public sealed class ImageChainTests : IDisposable
{
    private readonly Scratch _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_rounds_of_a_chain_come_from_the_last_to_the_first()
    {
        Round("1", null);
        Round("2", "../1");
        Round("3", "../2");

        Assert.Equal([new(At("3"), "../2"), new(At("2"), "../1"), new(At("1"), null)], Opened.Walk(At("3")));
    }

    [Fact]
    public void A_chain_may_be_longer_than_the_links_of_a_path()
    {
        Round("0", null);
        for (int i = 1; i <= 100; i++)
            Round($"{i}", $"../{i - 1}");

        Assert.Equal(101, Opened.Walk(At("100")).Count);
    }

    [Fact]
    public void An_absolute_parent_link_is_followed_and_told()
    {
        Round("1", null);
        Round("2", At("1"));

        Assert.Equal([true, false], Opened.Walk(At("2")).Select(d => d.HasAbsoluteLink));
    }

    [Fact]
    public void A_relative_parent_link_starts_from_the_real_directory()
    {
        Directory.CreateDirectory(At("disk"));
        Round("disk/1", null);
        Round("disk/2", "./../1");
        Directory.CreateSymbolicLink(At("last"), "disk/2");

        Assert.Equal([At("disk/2"), At("disk/1")], Opened.Walk(At("last")).Select(d => d.Path));
    }

    [Fact]
    public void A_plain_directory_is_a_parent_too()
    {
        Round("1", null);
        Round("1/parent", null);

        Assert.Equal([new(At("1"), null), new(At("1/parent"), null)], Opened.Walk(At("1")));
    }

    [Theory]
    [InlineData("../2")]
    [InlineData(".")]
    [InlineData("../1/parent/../1")]
    public void A_loop_of_parent_links_is_refused(string link)
    {
        Round("1", link);
        Round("2", "../1");

        Assert.Throws<ImageException>(() => Opened.Walk(At("1")));
    }

    [Fact]
    public void A_parent_link_to_itself_is_refused()
    {
        Round("1", "parent");

        var e = Assert.Throws<ImageException>(() => Opened.Walk(At("1")));
        Assert.Equal($"{At("1/parent")}: too many symbolic links", e.Message);
    }

    [Fact]
    public void A_parent_link_that_leads_nowhere_is_refused()
    {
        Round("1", "../0");

        var e = Assert.Throws<ImageException>(() => Opened.Walk(At("1")));
        Assert.Equal($"{At("1/parent")}: leads to ../0, which is not a directory", e.Message);
    }

    private string At(string name) => _directory[name];

    private void Round(string name, string? parent)
    {
        Directory.CreateDirectory(At(name));
        if (parent is not null)
            Directory.CreateSymbolicLink(At(name + "/parent"), parent);
    }
}
