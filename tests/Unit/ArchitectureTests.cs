using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace PreDump.Tests.Unit;

/// <summary>Rules between the projects that the compiler does not enforce.</summary>
public sealed partial class ArchitectureTests
{
    [GeneratedRegex(@"\b(DllImport|LibraryImport)\b")]
    private static partial Regex ForeignCall();

    [GeneratedRegex(@"using (static )?(System\.Net|System\.Diagnostics\.Process|Tmds)"
        + @"|\b(ProcFs|ProcessTree|TreeTask|RemoteMemory|StoppedTree)\b[.( ]")]
    private static partial Regex TaskOrSocket();

    [GeneratedRegex(@"\bProcess\.(Start|GetProcess)|using System\.Diagnostics\.Process")]
    private static partial Regex ProcessClass();

    [Fact]
    public void Foreign_calls_are_declared_in_one_folder() =>
        Assert.DoesNotContain(Sources("src"), file =>
            ForeignCall().IsMatch(File.ReadAllText(file)) && !file.Contains("/src/PreDump.Linux/Interop/"));

    [Fact]
    public void The_images_project_knows_no_tasks_and_no_sockets() =>
        Assert.DoesNotContain(Sources("src/PreDump.Images"), file => TaskOrSocket().IsMatch(File.ReadAllText(file)));

    /// <summary>References go only downwards: predump → PreDump.PageServer → PreDump.Core → PreDump.Images →
    /// PreDump.Linux.</summary>
    [Theory]
    [InlineData("PreDump.Linux", "", "Tmds.LibC")]
    [InlineData("PreDump.Images", "PreDump.Linux", "Google.Protobuf Grpc.Tools")]
    [InlineData("PreDump.Core", "PreDump.Images PreDump.Linux", "")]
    [InlineData("PreDump.PageServer", "PreDump.Core", "K4os.Compression.LZ4")]
    [InlineData("PreDump", "PreDump.PageServer", "Serilog Serilog.Sinks.Console System.CommandLine")]
    public void Each_assembly_refers_only_to_those_below_it(string name, string projects, string packages)
    {
        var project = XDocument.Load(Path.Combine(Top(), "src", name, name + ".csproj"));
        Assert.Equal(projects, string.Join(' ', Included("ProjectReference")
            .Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)));
        Assert.Equal(packages, string.Join(' ', Included("PackageReference").Order(StringComparer.Ordinal)));

        IEnumerable<string> Included(string item) =>
            project.Descendants(item).Select(element => element.Attribute("Include")!.Value);
    }

    [Fact]
    public void There_are_five_assemblies_and_no_others() =>
        Assert.Equal(["PreDump", "PreDump.Core", "PreDump.Images", "PreDump.Linux", "PreDump.PageServer"],
            Projects().Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));

    [Fact]
    public void The_core_knows_no_console_and_no_socket() =>
        Assert.DoesNotContain(Sources("src/PreDump.Core"),
            file => Regex.IsMatch(File.ReadAllText(file), @"\bConsole\.|System\.Net|Environment\.(GetEnvironmentVariable|Exit)"));

    /// <summary>Namespaces do not use each other in a cycle. (A directive that is not needed fails the build. Foreign calls
    /// belong to the namespace that they are declared for.)</summary>
    [Theory]
    [InlineData("PreDump.Linux")]
    [InlineData("PreDump.Images")]
    [InlineData("PreDump.Core")]
    [InlineData("PreDump.PageServer")]
    [InlineData("PreDump")]
    public void The_namespaces_of_an_assembly_form_no_circle(string assembly)
    {
        var uses = Sources("src/" + assembly).Where(file => !file.Contains("/Interop/"))
            .Select(File.ReadAllText).Where(text => NamespaceOf().IsMatch(text))
            .GroupBy(text => NamespaceOf().Match(text).Groups[1].Value)
            .ToDictionary(group => group.Key,
                group => group.SelectMany(text => Using().Matches(text).Select(match => match.Groups[1].Value)).ToHashSet());
        foreach (var (name, used) in uses)
            if (name.LastIndexOf('.') is > 0 and var dot && uses.ContainsKey(name[..dot]))
                used.Add(name[..dot]); // a namespace sees its enclosing one
        var left = uses.Keys.ToList();
        while (left.RemoveAll(name => !uses[name].Overlaps(left.Where(other => other != name))) > 0)
        {
        }
        Assert.Empty(left);
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceOf();

    [GeneratedRegex(@"^using (PreDump[\w.]*);", RegexOptions.Multiline)]
    private static partial Regex Using();

    /// <summary>Only the program itself knows the names of options; messages of the other assemblies name the input that they are
    /// about (KnownFailureException).</summary>
    [Theory]
    [InlineData("PreDump.Linux")]
    [InlineData("PreDump.Images")]
    [InlineData("PreDump.Core")]
    [InlineData("PreDump.PageServer")]
    public void Only_the_program_knows_options_and_commands(string assembly) =>
        Assert.DoesNotContain(Sources("src/" + assembly).SelectMany(File.ReadLines),
            line => !line.TrimStart().StartsWith("//") && WordOfTheCommandLine().IsMatch(OtherProgram().Replace(line, "")));

    [GeneratedRegex(@"\((unshare|nsenter) [^)]*\)")]
    private static partial Regex OtherProgram();

    [GeneratedRegex(@"""[^""]*(?<![\w-])(--[a-z]|predump (check|dedup|page-server|pre-dump|show|squash|verify)\b)")]
    private static partial Regex WordOfTheCommandLine();

    [Fact]
    public void Nothing_that_installs_a_reaper_of_children_is_used() =>
        Assert.DoesNotContain(Sources("src"), file => ProcessClass().IsMatch(File.ReadAllText(file)));

    [Fact]
    public void Only_the_linux_project_may_be_unsafe() =>
        Assert.Equal(["PreDump.Linux.csproj"],
            Projects().Where(file => File.ReadAllText(file).Contains("<AllowUnsafeBlocks>true")).Select(Path.GetFileName));

    private static IEnumerable<string> Projects() => Files("src", "*.csproj");

    private static IEnumerable<string> Sources(string folder) =>
        Files(folder, "*.cs").Where(file => !file.Contains("/obj/") && !file.Contains("/bin/"));

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Top(), folder), pattern, SearchOption.AllDirectories);

    private static string Top([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
