using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>Copying ranges from file to file.</summary>
public sealed class FileCopyTests : IDisposable
{
    private const int MiB = 1024 * 1024;

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData("/dev/shm")] // another file system: through a buffer
    public void Copied_ranges_come_to_their_place_and_holes_stay_holes(string? where)
    {
        using var other = new Scratch(where);
        string from = _scratch["from"], to = other["to"];
        var content = new byte[8 * MiB];
        Random.Shared.NextBytes(content.AsSpan(MiB, MiB));
        Random.Shared.NextBytes(content.AsSpan(5 * MiB, MiB));
        using (var file = File.Create(from))
        {
            file.SetLength(content.Length);
            foreach (int at in new[] { MiB, 5 * MiB })
            {
                file.Seek(at, SeekOrigin.Begin);
                file.Write(content, at, MiB);
            }
        }

        using (var source = Fd.TryOpenRegular(from)!)
        using (var target = PrivateFile.CreateOrTruncate(to))
        {
            var copy = new FileCopy(source, target);
            copy.Copy(4096, 0, 6 * MiB);
            copy.Copy(6 * MiB + 4096, 6 * MiB, 2 * MiB - 4096);
            target.Truncate(8 * MiB - 4096);
        }

        Assert.True(File.ReadAllBytes(to).AsSpan().SequenceEqual(content.AsSpan(4096)));
        Assert.InRange(AllocatedBytes(to), 1, 3 * MiB);
    }

    [Fact]
    public void A_copy_from_a_file_that_ends_too_soon_is_an_error()
    {
        File.WriteAllBytes(_scratch["from"], new byte[5000]);
        using var source = Fd.TryOpenRegular(_scratch["from"])!;
        using var target = PrivateFile.CreateOrTruncate(_scratch["to"]);
        Assert.Contains("from: ends before the pages",
            Assert.Throws<InvalidDataException>(() => new FileCopy(source, target).Copy(0, 0, 8192)).Message);
    }

    private static long AllocatedBytes(string path) =>
        512 * long.Parse(Command.Must("/usr/bin/stat", "-c", "%b", path).GetAwaiter().GetResult());
}
