using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>`predump check -D DIR`: what the file system of a directory for images can do.</summary>
public sealed class CheckDirectoryTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("tmpfs", "huge=never", false, true, true, true)]
    [InlineData("tmpfs", "huge=always", true, true, true, true)]
    [InlineData("ramfs", "mode=700", true, true, false, true)]
    public async Task It_is_tried(string kind, string options, bool fast, bool links, bool holes, bool exchange)
    {
        Requires.Root();
        var mounted = await Command.Run("/bin/mount", ["-t", kind, "-o", options, kind, _scratch.Path]);
        Assert.SkipUnless(mounted.ExitCode == 0, $"this kernel has no {kind} with {options}: {mounted.Errors}");
        try
        {
            var (works, findings) = await Check(_scratch.Path);
            Assert.True(works);
            bool Ok(string name) => findings.GetProperty(name).GetProperty("ok").GetBoolean();
            Assert.Equal((true, fast, links, holes, exchange),
                (Ok("directory"), Ok("file system"), Ok("symbolic links"), Ok("holes"), Ok("exchange")));
            Assert.Contains(kind, findings.GetProperty("file system").GetProperty("meaning").GetString());
            Assert.Empty(Directory.GetFileSystemEntries(_scratch.Path));
        }
        finally
        {
            await Command.Must("/bin/umount", _scratch.Path);
        }
    }

    [Fact]
    public async Task What_needs_more_space_than_there_is_can_not_be_tried()
    {
        await using var disk = await TinyDisk.Mount(4096);
        var (works, findings) = await Check(disk.Path);
        Assert.True(works);
        Assert.Contains("can't be tried", findings.GetProperty("holes").GetProperty("meaning").GetString());
    }

    /// <summary>A directory may have its name: what can be exchanged is tried with two of them.</summary>
    [Theory]
    [InlineData(".predump.probe")]
    [InlineData(".predump.probe.new")]
    public async Task What_a_killed_one_has_left_is_in_no_ones_way(string name)
    {
        _scratch.Folder(name);
        Assert.True((await Check(_scratch.Path)).Works);
        Assert.Empty(Directory.GetFileSystemEntries(_scratch.Path));
    }

    [Fact]
    public async Task One_that_can_not_be_written_fails()
    {
        var (works, findings) = await Check(_scratch["nowhere"]);
        Assert.False(works);
        Assert.Contains("make it first", findings.GetProperty("directory").GetProperty("meaning").GetString());
        (works, findings) = await Check("/sys/kernel");
        Assert.False(works);
        Assert.Contains("can't be written", findings.GetProperty("directory").GetProperty("meaning").GetString());
    }

    [Fact]
    public async Task Without_one_nothing_is_said_of_a_directory() =>
        Assert.DoesNotContain("directory ", (await PreDumpTool.Run("check")).Output);

    private static async Task<(bool Works, JsonElement Findings)> Check(string directory)
    {
        var result = await PreDumpTool.Run("check", "-D", directory, "--json");
        var json = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(result.ExitCode == 0, json.GetProperty("works").GetBoolean());
        return (json.GetProperty("works").GetBoolean(), json.GetProperty("findings"));
    }
}
