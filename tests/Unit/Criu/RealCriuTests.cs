using PreDump.Core;
using PreDump.Criu;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Criu;

/// <summary>Which criu is the real one.</summary>
public sealed class RealCriuTests
{
    [Fact]
    public void The_first_criu_in_PATH_that_is_not_predump_is_the_real_one()
    {
        using var scratch = new Scratch();
        string ours = scratch.Folder("ours"), second = scratch.Folder("second"), third = scratch.Folder("third");
        File.CreateSymbolicLink(Path.Combine(ours, "criu"), Self);
        MakeProgram(second);
        MakeProgram(third);
        Assert.Equal(Path.Combine(second, "criu"), RealCriu.Find($"/nowhere:{ours}:{second}:{third}", []));
    }

    [Fact]
    public void A_hard_link_to_predump_is_predump()
    {
        using var scratch = new Scratch();
        Assert.SkipUnless(TryLink(Self, scratch["criu"]), "hard links to the program's file system are not possible");
        Assert.True(ProgramFile.At(scratch["criu"])!.Value.IsOurs);
        Assert.Null(RealCriu.Find(scratch.Path, []));
    }

    [Fact]
    public void What_can_not_be_executed_is_no_criu()
    {
        using var scratch = new Scratch();
        string file = scratch.Folder("file"), folder = scratch.Folder("folder");
        File.WriteAllText(Path.Combine(file, "criu"), "");
        Directory.CreateDirectory(Path.Combine(folder, "criu"));
        Assert.Null(RealCriu.Find($"{file}:{folder}", [scratch["missing"], "/dev/null"]));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(":.:bin:relative/directory:")]
    public void Without_an_absolute_directory_in_PATH_the_usual_places_are_looked_at(string? path)
    {
        using var scratch = new Scratch();
        MakeProgram(scratch.Path);
        Assert.Equal(scratch["criu"], RealCriu.Find(path, ["/nowhere/criu", Self, scratch["criu"]]));
    }

    [Theory]
    [InlineData("path /opt/criu/sbin/criu", "/opt/criu/sbin/criu")]
    [InlineData("# none\n\n  path\t/a/criu # ours\r\n", "/a/criu")]
    [InlineData("path /a\npath /b", "/b")]
    [InlineData("", null)]
    public void The_settings_name_the_real_criu(string text, string? path)
    {
        using var scratch = new Scratch();
        Assert.Equal(path, CriuSettings.Read(scratch.Write("criu.conf", RawText.Encode(text))).Path);
    }

    [Theory]
    [InlineData("path")]
    [InlineData("path criu")]
    [InlineData("path /a b")]
    [InlineData("/usr/sbin/criu")]
    public void Settings_that_are_not_understood_are_refused_by_their_line(string line)
    {
        using var scratch = new Scratch();
        var file = scratch.Write("criu.conf", RawText.Encode("# first\n" + line));
        Assert.StartsWith($"{file}, line 2: {line} is not understood",
            Assert.Throws<PreDumpException>(() => CriuSettings.Read(file)).Message);
    }

    [Fact]
    public void Without_a_settings_file_there_are_none() => Assert.Null(CriuSettings.Read("/nowhere/criu.conf").Path);

    private static string Self => Environment.ProcessPath!;

    private static void MakeProgram(string folder)
    {
        string file = Path.Combine(folder, "criu");
        File.WriteAllText(file, "#!/bin/sh\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    private static bool TryLink(string target, string link)
    {
        try
        {
            return Command.Run("ln", [target, link]).GetAwaiter().GetResult().ExitCode == 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
