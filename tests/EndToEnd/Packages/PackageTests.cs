using Xunit;

namespace PreDump.Tests.EndToEnd.Packages;

/// <summary>The .deb and the tar.gz of a release.</summary>
public sealed class PackageTests(BuiltPackages packages) : IClassFixture<BuiltPackages>
{
    private const int NoCopyHere = 77;

    [Fact]
    public async Task Packages_are_installed_and_used_and_leave_nothing_when_they_are_removed()
    {
        Requires.Root();
        await packages.Make();
        var result = await Command.Run(BuiltPackages.Script("try-install"), [packages.Deb, packages.Archive]);
        Assert.SkipWhen(result.ExitCode == NoCopyHere, $"no copy of this system can be made: {result.Errors.Trim()}");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("ok: package: removed, and nothing is left\n", result.Output);
        Assert.EndsWith("ok: archive: removed, and no file is left\n", result.Output);
    }

    [Fact]
    public async Task The_same_sources_make_the_same_packages_byte_by_byte()
    {
        using var again = new BuiltPackages();
        await packages.Make();
        await again.Make();
        Assert.Equal(await Bytes(packages.Deb), await Bytes(again.Deb));
        Assert.Equal(await Bytes(packages.Archive), await Bytes(again.Archive));
    }

    [Fact]
    public async Task Lintian_finds_no_error_in_the_package()
    {
        const string Lintian = "/usr/bin/lintian";
        Requires.Program(Lintian, "lintian");
        await packages.Make();
        var result = await Command.Run(Lintian, ["--fail-on", "error", packages.Deb]);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.DoesNotContain("E:", result.Output);
    }

    [Fact]
    public async Task The_package_depends_on_the_glibc_that_the_program_needs()
    {
        await packages.Make();
        var depends = await Command.Must("/usr/bin/dpkg-deb", "--field", packages.Deb, "Depends");
        var symbols = await Command.Must("/usr/bin/readelf", "-W", "--dyn-syms", await PreDumpTool.File());
        var newest = symbols.Split(["@GLIBC_", " ", "\n"], StringSplitOptions.None)
            .Select(word => Version.TryParse(word, out var version) ? version : new Version(0, 0)).Max();
        Assert.Equal($"libc6 (>= {newest})\n", depends);
    }

    private static Task<byte[]> Bytes(string file) => File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
}
