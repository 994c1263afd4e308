using Xunit;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>
/// The measure is measured: fixtures know how many pages they wrote, and the oracle has to count the same in the
/// mappings concerned.
/// </summary>
public sealed class OracleTests
{
    private const int Touched = 64, Written = Touched / 4 + Touched / 8; // of each mapping of Fixtures/zeropages.c

    [Fact]
    public async Task Written_pages_are_taken() => Assert.Equal(256, await Longest("plain"));

    [Fact]
    public async Task Pages_that_were_only_read_are_not_taken()
    {
        Requires.ZeroPage();
        Assert.Equal(Written, await Longest("zeropages"));
    }

    [Fact]
    public async Task Where_there_is_no_zero_page_pages_that_were_only_read_are_taken_too()
    {
        Requires.NoZeroPage();
        Assert.Equal(Touched, await Longest("zeropages"));
    }

    [Fact]
    public async Task Pages_of_dev_zero_are_anonymous_memory()
    {
        var taken = await Count("zeropages", "/dev/zero");
        Assert.Equal(ZeroPage.Frame is null ? Touched : Written, taken);
    }

    [Fact]
    public async Task Guard_pages_are_not_taken() => Assert.Equal(64 - 7, await Longest("guards"));

    [Fact]
    public async Task Of_a_private_file_mapping_only_written_pages_are_taken() => Assert.Equal(8, await Count("memfds", "/memfd:victim"));

    [Fact]
    public async Task Shared_memory_is_not_taken() => Assert.Equal(0, await Count("sharedmemory", "/SYSV"));

    [Fact]
    public async Task Of_a_file_that_was_cut_only_the_rest_is_taken() => Assert.Equal(2 + 4, await Count("beyondend", "/tmp/predump-victim"));

    [Fact]
    public async Task The_vdso_is_taken_whole()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Fixture("plain");
        var vdso = Mapping.Of(victim.Pid).Single(mapping => mapping.Name == "[vdso]");
        Assert.Equal(vdso.Pages, (ulong)Oracle.Pages(victim.Pid).Count(page => page.Value.Name == "[vdso]"));
    }

    [Fact]
    public async Task Huge_pages_are_taken_the_huge_zero_page_too()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Fixture("hugepages");
        var written = Oracle.Pages(victim.Pid).Count(page => page.Value.Flags.Overlaps(["hg", "nh"]));
        Assert.Equal(512 + 512 - 50 + 512, written);
    }

    private static async Task<int> Longest(string fixture)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Fixture(fixture);
        return Oracle.Pages(victim.Pid).GroupBy(page => page.Value)
            .Where(group => group.Key.Name == "").Max(group => group.Count());
    }

    private static async Task<int> Count(string fixture, string name)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Fixture(fixture);
        var pages = Oracle.Pages(victim.Pid);
        Assert.NotEmpty(pages);
        return pages.Count(page => page.Value.Name.StartsWith(name, StringComparison.Ordinal));
    }
}
