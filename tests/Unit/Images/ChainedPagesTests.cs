using CsCheck;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Images;

/// <summary>Where the pages of a chain of rounds are found.</summary>
public sealed class ChainedPagesTests
{
    private const int Rounds = 3, Pages = 24;

    // For each page and round: 0 not listed, 1 present, 2 in the parent.
    private static readonly Gen<int[][]> s_rounds = Gen.Int[0, 2].Array[Pages].Array[Rounds];

    [Fact]
    public void Each_page_is_found_where_the_first_round_that_is_present_has_it() => s_rounds.Sample(rounds =>
    {
        using var folder = new HandmadeRounds();
        var files = new List<string>();
        for (int round = 0; round < Rounds; round++) // the last one first
        {
            var directory = folder.Round($"{round}", round + 1 < Rounds ? $"../{round + 1}" : null);
            files.Add(folder.Task(directory, 7, (byte)(round + 1),
                [.. Enumerable.Range(0, Pages).Where(page => rounds[round][page] != 0)
                    .Select(page => ((ulong)page, 1UL, rounds[round][page] == 1 ? PageFlags.Present : PageFlags.Parent))]));
        }

        using var chain = ImageChain.Open(Path.Combine(folder.Path, "0"));
        using var task = ChainedPages.TryOpen(chain, ImageNames.Pagemap(7), Bytes.PageSize)!;
        for (ulong page = 0, count; page < Pages; page += count)
        {
            count = task.Locate(page * 4096, Pages - page, out var place);
            for (ulong i = page; i < page + count; i++)
            {
                int there = Expected(rounds, (int)i);
                Assert.Equal(there < 0 ? null : files[there],
                    place.Round is { } found ? found.Directory.PathOf(found.PagesName) : null);
                if (there >= 0)
                    Assert.Equal((ulong)rounds[there].Take((int)i).Count(kind => kind == 1) * 4096,
                        place.Offset + (i - page) * 4096);
            }
        }
    }, iter: 300);

    private static int Expected(int[][] rounds, int page)
    {
        for (int round = 0; round < Rounds; round++)
            if (rounds[round][page] != 2)
                return rounds[round][page] == 1 ? round : -1;
        return -1;
    }
}
