using System.Text;
using CsCheck;
using PreDump.Cli;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Fuzz;

/// <summary>The parsers of /proc, cgroups, configuration files and command lines, fed with damaged texts. The victim chooses task
/// and file names, so the texts do not come from the kernel alone.</summary>
public sealed class ProcFuzzTests
{
    private static readonly Gen<byte[]> s_own = Gen.OneOf(
        Head("maps"), Head("status"), Head("stat"), Head("smaps"), Head("cgroup"));

    private static readonly Gen<byte[]> s_maps = Gen.Const(Head("maps"));
    private static readonly Gen<byte[]> s_smaps = Gen.Const(Head("smaps"));
    private static readonly Gen<byte[]> s_status = Gen.Const(Head("status"));
    private static readonly Gen<byte[]> s_stat = Gen.Const(Head("stat"));

    [Fact]
    public void A_damaged_maps_file_is_refused_or_has_sound_mappings() =>
        Fuzz.Feed(Fuzz.Damaged(Gen.OneOf(s_maps, s_own)), input =>
        {
            var maps = new MapsReader(input);
            while (maps.TryRead(out var vma))
            {
                Assert.True(vma.End > vma.Start);
                Assert.True(vma.Name.IndexOf((byte)'\n') < 0);
            }
        }, [typeof(InvalidDataException)]);

    [Fact]
    public void A_damaged_status_file_is_read_without_an_exception() =>
        Fuzz.Feed(Fuzz.Damaged(Gen.OneOf(s_status, s_own)), input =>
        {
            var status = ProcStatus.Parse(input);
            Assert.DoesNotContain('\n', status.Name);
        }, []);

    [Fact]
    public void A_damaged_stat_file_is_read_without_an_exception() =>
        Fuzz.Feed(Fuzz.Damaged(Gen.OneOf(s_stat, s_own)), input => ProcFs.StartTimeOf(ProcFs.AfterComm(input)), []);

    [Fact]
    public void A_task_name_with_brackets_and_blanks_does_not_move_the_start_time() =>
        Assert.Equal(22UL,
            ProcFs.StartTimeOf(ProcFs.AfterComm("7 (a) R (b 1) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23"u8)));

    [Fact]
    public void A_stat_file_that_is_cut_short_has_no_start_time() =>
        Assert.Equal(0UL, ProcFs.StartTimeOf(ProcFs.AfterComm("7 (a) S 4 5 6 7 8 9"u8)));

    [Theory]
    [InlineData("7 (a) S 4 5 6", 4)]
    [InlineData("7 (a) R (b) S 4 5 6", 4)]
    [InlineData("7 (a) S", 0)]
    public void A_stat_file_names_the_parent(string stat, int parent) =>
        Assert.Equal(parent, ProcFs.ParentIn(ProcFs.AfterComm(Encoding.ASCII.GetBytes(stat))));

    [Fact]
    public void A_damaged_smaps_file_is_read_without_an_exception() => Fuzz.Feed(Fuzz.Damaged(Gen.OneOf(s_smaps, s_own)), input =>
    {
        ulong start = 0;
        var left = new VmFlags().ParseLines(input, ref start);
        Assert.True(left.IndexOf((byte)'\n') < 0);
        Assert.True(new EmptyVmas().ParseLines(input).IndexOf((byte)'\n') < 0);
    }, [], 5000);

    [Fact]
    public void A_damaged_list_of_children_has_only_pids() =>
        Fuzz.Feed(Fuzz.Damaged(Gen.Int[1, 4_194_304].Array[0, 200]
                .Select(pids => Encoding.ASCII.GetBytes(string.Join(' ', pids) + " "))),
            input => Assert.All(ProcFs.PidsIn(input), pid => Assert.True(pid >= 0)), []);

    [Fact]
    public void A_damaged_configuration_file_is_read_or_refused() => Fuzz.Feed(
        Fuzz.Damaged(Gen.OneOf("tree 12\n# comment\nimages-dir \"a \\\" b\"\n\nlog-file x # y\n"u8.ToArray(),
            "--tcp-established\nverbosity 4\n"u8.ToArray())), input =>
        {
            var options = ConfigFiles.Parse(RawText.Decode(input).Split('\n'), "criu.conf").ToList();
            Assert.True(options.Count <= input.Length);
        }, [typeof(UsageException)]);

    [Fact]
    public void A_damaged_command_line_is_normalised_or_refused() => Fuzz.Feed(
        Fuzz.Damaged(Gen.OneOf("pre-dump\0-t\01\0-D\0/x\0-vvvv\0--no-track-mem\0--track-mem"u8.ToArray(),
            "-t1\0--tcp-established\0--external\0net[1]:x\0-v4\0--verbosity\03\0--\0-t"u8.ToArray(),
            "--tree=1\0--verbosity=x\0--no-auto-dedup"u8.ToArray())), input =>
        {
            var given = RawText.Decode(input).Split('\0');
            string[] words = ["--no-default-config",
                .. given.Where(word => !word.StartsWith("--con", StringComparison.Ordinal))];
            var arguments = CriuArguments.From(words);
            Assert.True(arguments.Tokens.Count <= words.Length + 2);
        }, [typeof(UsageException)], 5000);

    /// <summary>In an ordinary directory with the kernel's file names, as a container's file system could have them.</summary>
    [Fact]
    public void Damaged_cgroup_files_are_read_or_refused()
    {
        using var scratch = new Scratch();
        var whole = Gen.OneOf("populated 1\nfrozen 1\n"u8.ToArray(), "0\n"u8.ToArray(), "FROZEN\n"u8.ToArray());
        Fuzz.Feed(Fuzz.Damaged(whole), input =>
        {
            File.WriteAllBytes(scratch["cgroup.freeze"], input);
            File.WriteAllBytes(scratch["cgroup.events"], input);
            using var freezer = new CgroupFreezer(scratch.Path);
            _ = freezer.WasFrozen;
        }, [typeof(TreeException)], 500);
    }

    private static byte[] Head(string file) => [.. File.ReadAllBytes($"/proc/self/{file}").Take(4000)];
}
