using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace PreDump.Tests;

/// <summary>The borders between the projects that the compiler does not hold.</summary>
public sealed partial class ArchitectureTests
{
    [GeneratedRegex(@"\b(DllImport|LibraryImport)\b")]
    private static partial Regex ForeignCall();

    [GeneratedRegex(@"using (static )?(System\.Net|System\.Diagnostics\.Process|PreDump\.Linux|Tmds)")]
    private static partial Regex KernelOrSocket();

    [GeneratedRegex(@"\bProcess\.(Start|GetProcess)|using System\.Diagnostics\.Process")]
    private static partial Regex ProcessClass();

    [Fact]
    public void Foreign_calls_are_declared_in_one_folder() =>
        Assert.DoesNotContain(Sources("src"), file => ForeignCall().IsMatch(File.ReadAllText(file)) && !file.Contains("/src/PreDump.Linux/Interop/"));

    [Fact]
    public void Images_know_no_kernel_and_no_sockets() =>
        Assert.DoesNotContain(Sources("src/PreDump.Images"), file => KernelOrSocket().IsMatch(File.ReadAllText(file))
            && !file.EndsWith("/ImageFile.cs", StringComparison.Ordinal)); // which opens a file that may be a FIFO or a device

    [Fact]
    public void Linux_knows_no_images_and_no_log() =>
        Assert.DoesNotContain(Sources("src/PreDump.Linux"), file => Regex.IsMatch(File.ReadAllText(file), @"using (PreDump\.Images|Serilog)"));

    [Fact]
    public void Nothing_that_installs_a_reaper_of_children_is_used() =>
        Assert.DoesNotContain(Sources("src"), file => ProcessClass().IsMatch(File.ReadAllText(file)));

    [Fact]
    public void Only_the_linux_project_may_be_unsafe() =>
        Assert.Equal(["PreDump.Linux.csproj"], Directory.EnumerateFiles(Path.Combine(Top(), "src"), "*.csproj", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains("<AllowUnsafeBlocks>true")).Select(Path.GetFileName));

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Top(), folder), "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/") && !file.Contains("/bin/"));

    private static string Top([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
