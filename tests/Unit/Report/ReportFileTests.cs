using PreDump.Images;
using PreDump.Linux;
using PreDump.Report;
using Xunit;

namespace PreDump.Tests.Unit.Report;

public sealed class ReportFileTests : IDisposable
{
    private readonly HandmadeRounds _rounds = new();
    private readonly Scratch _scratch = new();

    public ReportFileTests() => _rounds.Task(_rounds.Round("1"), 7, 1, (16, 8, PageFlags.Present));

    public void Dispose()
    {
        _rounds.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void The_page_is_a_private_file_that_replaces_an_older_one()
    {
        var file = _scratch.Write("page.html", "old"u8);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        ReportFile.Write(_rounds.Path, file);
        Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal([file], Directory.GetFileSystemEntries(_scratch.Path));
    }

    [Fact]
    public void A_page_that_cannot_be_made_leaves_the_older_one()
    {
        var file = _scratch.Write("page.html", "old"u8);
        Assert.Throws<ImageException>(() => ReportFile.Write(_scratch.Path, file));
        Assert.Equal("old", File.ReadAllText(file));
    }

    [Fact]
    public void A_symbolic_link_is_replaced_and_not_followed()
    {
        var other = _scratch.Write("other", "old"u8);
        File.CreateSymbolicLink(_scratch["page.html"], other);
        ReportFile.Write(_rounds.Path, _scratch["page.html"]);
        Assert.Equal("old", File.ReadAllText(other));
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/proc")]
    public void What_is_no_file_is_refused(string path)
    {
        Assert.Throws<InvalidDataException>(() => ReportFile.Check(path));
        Assert.Throws<InvalidDataException>(() => ReportFile.Write(_rounds.Path, path));
    }

    [Fact]
    public void A_directory_that_does_not_exist_is_refused() =>
        Assert.Throws<LinuxException>(() => ReportFile.Check(_scratch["none/page.html"]));
}
