using System.Text;
using CsCheck;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>The parser of /proc/PID/maps.</summary>
public sealed class MapsReaderTests
{
    private sealed record Line(ulong Start, ulong End, string Permissions, ulong Offset, uint Major, uint Minor, ulong Inode,
        string Name)
    {
        // As show_map_vma() of the kernel prints it: the name is padded to column 73.
        public override string ToString()
        {
            var line = $"{Start:x8}-{End:x8} {Permissions} {Offset:x8} {Major:x2}:{Minor:x2} {Inode} ";
            return (Name.Length == 0 ? line : line.PadRight(73) + Name) + "\n";
        }
    }

    // Names as the kernel escapes them: blanks stay, a line's end is \012.
    private static readonly Gen<string> s_names = OneOf("", "[heap]", "[stack]", "/usr/lib/a b (deleted)", "/tmp/a\\012b",
        "/x //deleted", "[anon:a name]", "/" + new string('n', 4000));

    private static readonly Gen<Line[]> s_maps = Gen.Select(
            Gen.ULong[0, 1000], Gen.ULong[1, 1UL << 30], OneOf("rw-p", "---p", "r-xp", "-w-s", "r--s"),
            Gen.ULong, Gen.UInt[0, 4095], Gen.UInt[0, 1 << 20], Gen.ULong, s_names)
        .Array[0, 40]
        .Select(parts =>
        {
            ulong at = 0x1000;
            return parts.Select(part =>
            {
                ulong start = at + (part.Item1 * 4096);
                at = start + (part.Item2 * 4096);
                return new Line(start, at, part.Item3, part.Item4, part.Item5, part.Item6, part.Item7, part.Item8);
            }).ToArray();
        });

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    [Fact]
    public void The_maps_parser_reads_what_the_kernel_prints()
    {
        s_maps.Sample(lines =>
        {
            var reader = new MapsReader(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line.ToString()))));
            foreach (var line in lines)
            {
                Assert.True(reader.TryRead(out var vma));
                Assert.Equal(line.Start, vma.Start);
                Assert.Equal(line.End, vma.End);
                Assert.Equal(line.Permissions[3] == 's', vma.Shared);
                Assert.Equal(line.Inode, vma.Inode);
                Assert.Equal(line.Name, Encoding.UTF8.GetString(vma.Name));
            }
            Assert.False(reader.TryRead(out _));
        });
    }

    [Fact]
    public void The_maps_parser_reads_our_own_maps_to_the_end()
    {
        var text = ProcFs.TryReadText("/proc/self/maps")!;
        var reader = new MapsReader(Encoding.UTF8.GetBytes(text));
        int count = 0;
        ulong last = 0;
        while (reader.TryRead(out var vma))
        {
            Assert.True(vma.Start >= last);
            last = vma.End;
            count++;
        }
        Assert.Equal(text.Count(c => c == '\n'), count);
    }

    [Theory]
    [InlineData("7f00-7f10\n")]
    [InlineData("7f10-7f00 rw-p 0 0:0 0 \n")]
    [InlineData("7f00-7f10 rw-x 0 0:0 0 \n")]
    [InlineData("zz-7f10 rw-p 0 0:0 0 \n")]
    [InlineData("7f00-7f10 rw-p 0 0:0 \n")]
    [InlineData("7f00-7f10 rw-p 0 0:0 12 no end of line")]
    [InlineData("\n")]
    public void The_maps_parser_refuses_what_the_kernel_can_not_have_printed(string text)
    {
        Assert.Throws<InvalidDataException>(() =>
        {
            var reader = new MapsReader(Encoding.UTF8.GetBytes(text));
            while (reader.TryRead(out _)) { }
        });
    }

    [Fact]
    public void The_maps_parser_never_fails_in_another_way_than_by_refusing()
    {
        var valid = "7f0a1c000000-7f0a1c021000 rw-p 00000000 08:01 1234                       /a b\n"
            + "7f0a1c021000-7f0a1c022000 ---p 00000000 00:00 0 \n";
        Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte, Gen.Int[0, valid.Length]).Sample((at, value, length) =>
        {
            var bytes = Encoding.UTF8.GetBytes(valid);
            bytes[at] = value;
            var reader = new MapsReader(bytes.AsSpan(0, length));
            try
            {
                while (reader.TryRead(out _)) { }
            }
            catch (InvalidDataException)
            {
            }
        }, iter: 20_000);
    }

    [Fact]
    public void The_maps_parser_makes_no_garbage()
    {
        var text = Encoding.UTF8.GetBytes(ProcFs.TryReadText("/proc/self/maps")!);
        Walk(text);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Walk(text);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Walk(byte[] text)
        {
            var reader = new MapsReader(text);
            while (reader.TryRead(out _)) { }
        }
    }

    [Theory]
    [InlineData(0x0fff, false, 0x1000)]
    [InlineData(0x1000, true, 0x2000)]
    [InlineData(0x2000, false, 0x5000)]
    [InlineData(0x5fff, true, 0x6000)]
    [InlineData(0x6000, false, ulong.MaxValue)]
    public void An_address_is_looked_up_in_the_maps(ulong address, bool expected, ulong expectedUntil)
    {
        var text = Encoding.ASCII.GetBytes("1000-2000 rw-p 00000000 00:00 0 \n5000-6000 r--p 00000000 00:00 0 \n");
        Assert.Equal(expected, PresentMaps.Has(text, address, out ulong until));
        Assert.Equal(expectedUntil, until);
    }
}
