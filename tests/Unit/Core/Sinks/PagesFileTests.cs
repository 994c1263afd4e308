using PreDump.Core.Sinks;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Sinks;

/// <summary>The bytes of a pages file, and the disk space that they use.</summary>
public sealed class PagesFileTests
{
    private const int MiB = 1024 * 1024;

    [Theory]
    [InlineData("/tmp", false)] // usually ext4, which reserves blocks
    [InlineData("/tmp", true)]
    [InlineData("/dev/shm", false)]
    public void Zeros_in_a_row_are_holes_in_a_pages_file_and_read_as_zeros(string where, bool direct)
    {
        using var scratch = new Scratch(where);
        // 40 batches of 1 MiB: zeros only, no zeros, and zeros at the beginning, at the end and in between
        var content = new byte[40 * MiB];
        new Random(1).NextBytes(content);
        int zeros = 0;
        foreach (var (start, length) in new[]
            {
                (0, 3 * MiB), (4 * MiB, 64 * 1024), ((5 * MiB) + 12_288, 512 * 1024),
                ((7 * MiB) - 131_072, 131_072), (20 * MiB, 8 * MiB), (39 * MiB, MiB),
            })
        {
            content.AsSpan(start, length).Clear();
            zeros += length;
        }
        content.AsSpan(10 * MiB, 4096).Clear(); // too short for a hole
        var path = Path.Combine(scratch.Path, "pages-1.img");
        using (var directory = DirectoryFd.Open(scratch.Path))
        {
            var fd = directory.CreatePrivate("pages-1.img");
            var io = direct ? new DirectIo(Observed.Nothing) : null;
            io?.Begin(fd);
            var file = new PagesFile(fd, io);
            using var batch = new NativeBuffer(MiB); // page-aligned
            var places = Enumerable.Range(0, 40).Select(_ => file.Reserve(MiB)).ToArray();
            foreach (var place in places.Reverse())
            {
                content.AsSpan((int)place, MiB).CopyTo(batch.Span);
                file.Write(place, batch.Span);
            }
            file.End();
        }
        Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(path)));
        long used = UsedBytes(path);
        Assert.InRange(used, content.Length - zeros, content.Length - zeros + (64 * 1024));
    }

    [Fact]
    public void No_room_that_was_reserved_stays_behind_the_end_of_a_pages_file()
    {
        using var scratch = new Scratch();
        using (var directory = DirectoryFd.Open(scratch.Path))
        {
            var file = new PagesFile(directory.CreatePrivate("pages-1.img"));
            for (int i = 0; i < 9; i++)
                file.Write(file.Reserve(MiB), Enumerable.Repeat((byte)7, MiB).ToArray());
            file.End();
        }
        var path = Path.Combine(scratch.Path, "pages-1.img");
        Assert.Equal(9 * MiB, new FileInfo(path).Length);
        Assert.InRange(UsedBytes(path), 9 * MiB, (9 * MiB) + (64 * 1024));
    }

    private static long UsedBytes(string path) =>
        long.Parse(Command.Must("/usr/bin/du", "-k", path).GetAwaiter().GetResult().Split('\t')[0]) * 1024;
}
