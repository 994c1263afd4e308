using Xunit;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>
/// A test of the oracle: victims know how many pages they wrote, and the oracle must count the same number in the
/// mappings concerned.
/// </summary>
public sealed class OracleTests
{
    private const int Touched = 64, Written = Touched / 4 + Touched / 8; // of each mapping of tests/victims/zeropages.c

    [Fact]
    public async Task The_oracle_takes_written_pages() => Assert.Equal(256, await Longest("plain"));

    [Fact]
    public async Task The_oracle_takes_no_pages_that_were_only_read()
    {
        Requires.ZeroPage();
        Assert.Equal(Written, await Longest("zeropages"));
    }

    [Fact]
    public async Task The_oracle_takes_pages_that_were_only_read_where_there_is_no_zero_page()
    {
        Requires.NoZeroPage();
        Assert.Equal(Touched, await Longest("zeropages"));
    }

    [Fact]
    public async Task The_oracle_takes_pages_of_dev_zero_for_anonymous_memory()
    {
        var taken = await Count("zeropages", "/dev/zero");
        Assert.Equal(ZeroPage.Frame is null ? Touched : Written, taken);
    }

    [Fact]
    public async Task The_oracle_takes_no_guard_pages() => Assert.Equal(64 - 7, await Longest("guards"));

    [Fact]
    public async Task The_oracle_takes_only_written_pages_of_a_private_file_mapping() =>
        Assert.Equal(8, await Count("memfds", "/memfd:victim"));

    [Fact]
    public async Task The_oracle_takes_no_shared_memory() => Assert.Equal(0, await Count("sharedmemory", "/SYSV"));

    [Fact]
    public async Task The_oracle_takes_only_the_rest_of_a_file_that_was_cut() =>
        Assert.Equal(2 + 4, await Count("beyondend", "/tmp/predump-victim"));

    [Fact]
    public async Task The_oracle_takes_the_vdso_whole()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("plain");
        var vdso = Mapping.Of(victim.Pid).Single(mapping => mapping.Name == "[vdso]");
        Assert.Equal(vdso.Pages, (ulong)Oracle.Pages(victim.Pid).Count(page => page.Value.Name == "[vdso]"));
    }

    [Fact]
    public async Task The_oracle_takes_huge_pages_and_the_huge_zero_page_too()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("hugepages");
        var written = Oracle.Pages(victim.Pid).Count(page => page.Value.Flags.Overlaps(["hg", "nh"]));
        Assert.Equal(512 + 512 - 50 + 512, written);
    }

    private static async Task<int> Longest(string program)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start(program);
        return Oracle.Pages(victim.Pid).GroupBy(page => page.Value)
            .Where(group => group.Key.Name == "").Max(group => group.Count());
    }

    private static async Task<int> Count(string program, string name)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start(program);
        var pages = Oracle.Pages(victim.Pid);
        Assert.NotEmpty(pages);
        return pages.Count(page => page.Value.Name.StartsWith(name, StringComparison.Ordinal));
    }
}
