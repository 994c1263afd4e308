using PreDump.Core;
using PreDump.Core.Parents;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Core.Parents;

/// <summary>Whether a round's pages may be freed for one of the rounds that were made on it.</summary>
public sealed class ChildrenByContentTests : IDisposable
{
    private readonly HandmadeRounds _folder = new();
    private readonly string _parent, _one, _other;

    public ChildrenByContentTests() =>
        (_parent, _one, _other) = (_folder.Round("1"), _folder.Round("2", "../1"), _folder.Round("3", "../1"));

    private string List => Path.Combine(_parent, ImageNames.ChildrenByContent);

    [Fact]
    public void Without_notes_nothing_is_refused()
    {
        Refuse(_one);
        File.WriteAllText(Path.Combine(_parent, ImageNames.Child), $"{_other}\n7\n"); // who took the tracking over, as always
        Refuse(_one);
    }

    [Fact]
    public void An_only_child_may_free_pages_however_often_it_was_made()
    {
        Note(_one, _one);
        Refuse(_one);
        Assert.Equal($"{_one}\n{_one}\n", File.ReadAllText(List));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(List));
    }

    [Fact]
    public void An_only_child_by_another_path_is_the_same()
    {
        Note(_one);
        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "link"), "2");
        Refuse(Path.Combine(_folder.Path, "link"));
    }

    [Fact]
    public void Two_children_may_not()
    {
        Note(_one, _other);
        Assert.Contains($"{_other} was made on {_parent}, too", Assert.Throws<PreDumpException>(() => Refuse(_one)).Message);
        Assert.Contains($"{_one} was made on {_parent}, too", Assert.Throws<PreDumpException>(() => Refuse(_other)).Message);
    }

    /// <summary>It may be on a disk that is not mounted at present.</summary>
    [Fact]
    public void A_second_child_that_is_not_there_counts()
    {
        Note(_one, "/nowhere/2");
        Assert.Contains("remove its line from", Assert.Throws<PreDumpException>(() => Refuse(_one)).Message);
    }

    [Fact]
    public void A_child_by_soft_dirty_counts_beside_one_by_content()
    {
        Note(_one);
        File.WriteAllText(Path.Combine(_parent, ImageNames.Child), $"{_other}\n7\n");
        Assert.Contains(_other, Assert.Throws<PreDumpException>(() => Refuse(_one)).Message);
        Assert.Contains(_one, Assert.Throws<PreDumpException>(() => Refuse(_other)).Message);
    }

    [Fact]
    public void An_only_child_may_have_been_moved_and_none_of_several()
    {
        Note("/elsewhere/2");
        Refuse(_one);
        Note("/elsewhere/3");
        Assert.Throws<PreDumpException>(() => Refuse(_one));
    }

    [Theory]
    [InlineData("a directory")]
    [InlineData("a link to a device")]
    public void Notes_that_can_not_be_read_are_no_permission(string what)
    {
        if (what == "a directory")
            Directory.CreateDirectory(List);
        else
            File.CreateSymbolicLink(List, "/dev/zero");
        Assert.Throws<ImageException>(() => Refuse(_one));
    }

    [Fact]
    public void A_parent_that_can_not_be_marked_is_worth_a_warning()
    {
        var elsewhere = Path.Combine(_folder.Path, "elsewhere");
        File.WriteAllText(elsewhere, "");
        File.CreateSymbolicLink(List, elsewhere);
        var observed = new Observed();
        Opened.In(_parent, parent =>
        {
            ChildrenByContent.Note(parent, _one, observed);
            return 0;
        });
        Assert.Contains("must not be freed there", Assert.Single(observed.Warnings));
        Assert.Empty(File.ReadAllText(elsewhere));
    }

    public void Dispose() => _folder.Dispose();

    private void Note(params string[] children)
    {
        using var parent = ImageDirectory.Open(_parent);
        foreach (string child in children)
            ChildrenByContent.Note(parent, child, Observed.Nothing);
    }

    private void Refuse(string child)
    {
        using ImageDirectory parent = ImageDirectory.Open(_parent), images = ImageDirectory.Open(child);
        ChildrenByContent.RefuseOthers(parent, images);
    }
}
