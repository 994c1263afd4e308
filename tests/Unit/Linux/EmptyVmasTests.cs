using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>Which VMAs are known to hold nothing.</summary>
public sealed class EmptyVmasTests
{
    private const string Flags = "VmFlags: rd wr mr mw me nr\n";

    [Theory]
    [InlineData("0 kB", "0 kB", true)]
    [InlineData("4 kB", "0 kB", false)]
    [InlineData("0 kB", "4 kB", false)]
    public void A_large_vma_is_empty_if_it_has_no_page_in_memory_and_none_in_swap(string rss, string swap, bool isEmpty)
    {
        var empty = new EmptyVmas();
        var left = empty.ParseLines(System.Text.Encoding.ASCII.GetBytes(
            Vma("100000000-200000000", rss, swap)
            + Vma("300000000-300001000", "0 kB", "0 kB")
            + Vma("400000000-500000000", "8 kB", "0 kB")
            + "500000000-6"));
        Assert.Equal(11, left.Length);
        Assert.Equal(isEmpty, empty.Contains(0x100000000, 0x200000000));
        Assert.False(empty.Contains(0x100000000, 0x100001000));
        Assert.False(empty.Contains(0x300000000, 0x300001000)); // too small to matter
        Assert.False(empty.Contains(0x400000000, 0x500000000));
    }

    [Fact]
    public void Memory_of_our_own_is_empty_until_it_is_touched()
    {
        using var memory = new SparseMemory(pages: 64 * 1024);
        Assert.True(EmptyVmas.Read(Environment.ProcessId).Contains(memory.Start, memory.End));
        memory.Write(40_000);
        Assert.False(EmptyVmas.Read(Environment.ProcessId).Contains(memory.Start, memory.End));
    }

    private static string Vma(string range, string rss, string swap) =>
        $"{range} rw-p 00000000 00:00 0 \nSize: 4194304 kB\nRss: {rss,20}\nPss: 0 kB\nSwap: {swap,20}\nSwapPss: 0 kB\n{Flags}";
}
