using PreDump.Core;
using PreDump.Core.Maintenance;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Maintenance;

/// <summary>What is not squashed: nothing is left then, and the chain is as it was.</summary>
public sealed class SquashRefusalTests : IDisposable
{
    private readonly HandmadeRounds _rounds = new();
    private readonly string _first, _second, _out;

    public SquashRefusalTests()
    {
        _first = _rounds.Round("1");
        _second = _rounds.Round("2", "../1");
        _rounds.Task(_first, 7, 1, (10, 4, PageFlags.Present));
        _rounds.Task(_second, 7, 2, (10, 2, PageFlags.Parent), (12, 2, PageFlags.Present));
        _out = Path.Combine(_rounds.Path, "out");
    }

    public void Dispose() => _rounds.Dispose();

    [Theory]
    [InlineData("no inventory", "incomplete")]
    [InlineData("claimed", "under way or has failed")]
    [InlineData("unproved", "could not be proved")]
    [InlineData("no parent", "no such directory|which is not a directory")]
    [InlineData("parent lacks pages", "left to the parent")]
    [InlineData("pages cut off", "bytes, but")]
    [InlineData("page server at work", "page server is receiving")]
    [InlineData("directory inside", "has a directory")]
    [InlineData("no memory", "has no memory")]
    public void Such_images_are_not_squashed(string what, string why)
    {
        var inventory = Path.Combine(_second, ImageNames.Inventory);
        switch (what)
        {
            case "no inventory":
                File.Delete(inventory);
                break;
            case "claimed":
                File.Move(inventory, Path.Combine(_second, ImageNames.ClaimedInventory));
                break;
            case "unproved":
                File.Move(inventory, Path.Combine(_second, ImageNames.UnprovedInventory));
                break;
            case "no parent":
                Directory.Delete(_first, recursive: true);
                break;
            case "parent lacks pages":
                _rounds.Task(_second, 8, 2, (10, 2, PageFlags.Parent));
                break;
            case "pages cut off":
                File.WriteAllBytes(Directory.GetFiles(_first, "pages-*").Single(), [1, 2]);
                break;
            case "page server at work":
                Directory.CreateDirectory(Path.Combine(_second, $"{ImageNames.IncomingPrefix}1234"));
                break;
            case "directory inside":
                Directory.CreateDirectory(Path.Combine(_second, "work"));
                break;
            case "no memory":
                foreach (var image in Directory.GetFiles(_second, "pag*"))
                    File.Delete(image);
                break;
        }
        var before = Content();
        foreach (var output in new[] { null, _out })
        {
            var failure = Assert.ThrowsAny<KnownFailureException>(() => Run(output));
            Assert.Matches(why, failure.Message);
            Assert.Equal(before, Content());
        }
    }

    [Theory]
    [InlineData("not empty", "is not empty")]
    [InlineData("no directory above", "make it first")]
    [InlineData("a file", "where there is nothing")]
    [InlineData("inside", "inside of the images")]
    [InlineData("being made", "another process")]
    [InlineData("a link has its name", "no directory can be made")]
    public void Such_a_place_is_not_taken(string what, string why)
    {
        string place = what == "inside" ? Path.Combine(_second, "out") : what == "no directory above" ? _out + "/there" : _out;
        using var folder = DirectoryFd.Open(_rounds.Path);
        using var made = what == "being made" ? ProvisionalDirectory.TryCreate(DirectoryFd.Open(_rounds.Path), "out") : null;
        if (what == "not empty")
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(_out).FullName, "file"), "");
        if (what == "a file")
            File.WriteAllText(_out, "");
        if (what == "a link has its name")
            folder.CreateSymlink(".out.predump-new", "1");
        var before = Content();
        var failure = Assert.ThrowsAny<KnownFailureException>(() => Run(place));
        Assert.Contains(why, failure.Message);
        Assert.Equal(before, Content());
    }

    [Fact]
    public void A_round_with_its_parent_inside_is_squashed_only_elsewhere()
    {
        File.Delete(Path.Combine(_second, ImageNames.Parent));
        Directory.Move(_first, Path.Combine(_second, ImageNames.Parent));
        Assert.Contains("has its parent inside", Assert.Throws<PreDumpException>(() => Run(null)).Message);
        Assert.Equal(2, Run(_out).Rounds);
    }

    [Fact]
    public void An_empty_directory_is_taken_even_through_a_link()
    {
        Directory.CreateDirectory(_out);
        var link = Path.Combine(_rounds.Path, "link");
        File.CreateSymbolicLink(link, "out");
        Assert.Equal(_out, Run(link).Directory);
        Assert.True(File.Exists(Path.Combine(link, ImageNames.Inventory)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("out")]
    public void A_cancelled_squash_leaves_nothing(string? output)
    {
        var before = Content();
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.Throws<OperationCanceledException>(() => Opened.In(_second, images =>
            Squash.Run(images, output is null ? null : _out, new Observed(), cancel.Token)));
        Assert.Equal(before, Content());
    }

    [Theory]
    [InlineData(null, "claims")]
    [InlineData(null, "is complete")]
    [InlineData("out", "claims")]
    [InlineData("out", "is complete")]
    public void A_round_that_is_made_on_the_last_one_meanwhile_ends_the_squash(string? output, string round)
    {
        using var images = ImageDirectory.Open(_second);
        var heir = SquashedHeir.Of(images);
        using (var place = output is null ? SquashPlace.Of(images) : SquashPlace.At(_out, images))
        {
            if (round == "claims")
                File.Move(Path.Combine(_second, ImageNames.Inventory), Path.Combine(_second, ImageNames.ClaimedInventory));
            else
                File.WriteAllText(Path.Combine(_second, ImageNames.Child), "3");
            var before = Content();
            Assert.Contains("a round was made",
                Assert.Throws<PreDumpException>(() => heir.HandOver(place, new Observed())).Message);
            Assert.Equal(before, Content());
        }
        Assert.True(File.Exists(Path.Combine(_second, ImageNames.Parent, ImageNames.Inventory)));
    }

    private SquashResult Run(string? output) =>
        Opened.In(_second, images => Squash.Run(images, output, new Observed(), CancellationToken.None));

    private SortedDictionary<string, string> Content() => new(
        Directory.GetFileSystemEntries(_rounds.Path, "*", new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = 0,
        }).ToDictionary(path => path, path =>
            File.ResolveLinkTarget(path, returnFinalTarget: false) is { } link ? link.FullName
            : File.Exists(path) ? Convert.ToHexString(File.ReadAllBytes(path))
            : "directory"));
}
