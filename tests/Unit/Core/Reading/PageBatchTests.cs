using CsCheck;
using PreDump.Core.Reading;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Reading;

/// <summary>How runs fill a batch.</summary>
public sealed class PageBatchTests
{
    private static readonly ulong s_page = PageSize.Step;

    [Fact]
    public void A_run_is_split_where_the_batch_is_full_and_nothing_is_lost()
    {
        Gen.Select(Gen.ULong[1, 700], Gen.Bool).Array[1, 60].Sample(parts =>
        {
            using var batch = new PageBatch();
            ulong at = s_page, wanted = 0, inParent = 0, taken = 0, flushes = 0;
            foreach (var (pages, parent) in parts)
            {
                for (var rest = new MemoryRange(at, pages * s_page); rest.Length > 0;)
                {
                    ulong before = rest.Length;
                    if (parent ? batch.TryLeave(ref rest) : batch.TryAdd(ref rest))
                    {
                        taken += before - rest.Length;
                        Assert.Equal(at + (pages * s_page), rest.Length == 0 ? at + (pages * s_page) : rest.End);
                    }
                    else
                    {
                        Assert.False(batch.IsEmpty);
                        batch.Clear();
                        flushes++;
                    }
                }
                at += (pages + 1) * s_page;
                if (parent)
                    inParent += pages;
                else
                    wanted += pages;
            }
            Assert.Equal((wanted + inParent) * s_page, taken);
            Assert.True(flushes >= (wanted * s_page - 1) / PageBatch.MaxBytes - (wanted == 0 ? 1UL : 0UL) || wanted == 0);
        }, iter: 300);
    }

    [Fact]
    public void A_cleared_batch_is_empty()
    {
        using var batch = new PageBatch();
        var run = new MemoryRange(s_page, s_page);
        Assert.True(batch.TryAdd(ref run));
        Assert.False(batch.IsEmpty);
        batch.Clear();
        Assert.True(batch.IsEmpty);
    }
}
