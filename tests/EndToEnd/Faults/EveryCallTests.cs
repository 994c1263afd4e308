using Xunit;

namespace PreDump.Tests.EndToEnd.Faults;

/// <summary>
/// Each call that predump makes fails once, with each error that fits it: the images are those of an undisturbed run,
/// or one line says what failed and nothing is left. The victim is stopped, so that images can be compared byte by
/// byte.
/// </summary>
public sealed class EveryCallTests
{
    private const int EPERM = 1, EINTR = 4, EIO = 5, ENOMEM = 12, ENFILE = 23, EMFILE = 24, ENOSPC = 28, ENOSYS = 38, Half = 0;

    public static TheoryData<int, string> Errors => new()
    {
        { ENOSPC, "write,pwrite,openat,open,renameat,close" },
        { EIO, "open,openat,read,write,pwrite,pread,close,renameat,ioctl,process_vm_readv,getdents64" },
        { EMFILE, "open,openat,socketpair,pidfd_open" },
        { ENFILE, "open,openat,socketpair,pidfd_open" }, // not by fs.file-max: that binds the whole machine, and root not at all
        { ENOMEM, "open,openat,mmap,ioctl,ptrace,process_vm_readv,read,getdents64,socketpair,pidfd_open,poll" },
        { EINTR, "read,write,pwrite,open,openat,waitpid,poll,close,pread" },
        { EPERM, "ptrace,process_vm_readv,pidfd_open,ioctl,sched_setscheduler" },
        { ENOSYS, "process_vm_readv,pidfd_open,ioctl" },
        { Half, "read,write,pwrite,process_vm_readv" },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public Task A_call_that_fails_in_a_round_by_ptrace_is_harmless(int error, string calls) => FailOneByOne(error, calls, null);

    [Theory]
    [MemberData(nameof(Errors))]
    public Task A_call_that_fails_in_a_round_by_a_cgroup_of_v1_is_harmless(int error, string calls) => FailOneByOne(error, calls, 1);

    [Theory]
    [MemberData(nameof(Errors))]
    public Task A_call_that_fails_in_a_round_by_a_cgroup_of_v2_is_harmless(int error, string calls) => FailOneByOne(error, calls, 2);

    private static async Task FailOneByOne(int error, string calls, int? cgroupVersion)
    {
        await using var victim = await Victim.Start("processes", 3);
        using var cgroup = cgroupVersion is { } version ? TestCgroup.Create(version) : null;
        cgroup?.Add(victim);
        var before = VictimState.OfTree(victim);
        await victim.Stop();
        using var scratch = new Scratch();
        using var tool = new FaultyTool();
        string[] Arguments(string images) => cgroup is null
            ? ["--tree", $"{victim.Pid}", "--images-dir", images]
            : ["--tree", $"{victim.Pid}", "--images-dir", images, "--freeze-cgroup", cgroup.Path];

        await PreDumpTool.Dump(victim.Pid, scratch.Folder("undisturbed"));
        var undisturbed = Content(scratch["undisturbed"]);
        int failed = 0;
        for (var at = 1; ; at++)
        {
            var images = scratch.Folder("images");
            if (await tool.Run(calls, at, error, Arguments(images)) is not var (result, call))
                break;
            failed++;
            var what = $"{call} (number {at}) failed with {error}: {result}";
            if (result.ExitCode == 0)
                Assert.True(Content(images).SequenceEqual(undisturbed), $"other images than undisturbed: {what}");
            else
            {
                Refusal.Line(Refusal.Failure, result);
                Assert.DoesNotContain("defect of predump", result.Errors);
                Assert.True(Directory.GetFileSystemEntries(images).Length == 0, $"something is left: {what}");
            }
            if (cgroup is not null)
                await Eventually.True(() => cgroup.IsThawed, $"the cgroup is thawed: {what}");
            foreach (var pid in victim.Tree)
            {
                Assert.True(ProcessView.Status(pid, "TracerPid") == "0", $"{pid} is still traced: {what}");
                await Eventually.True(() => ProcessView.State(pid) == 'T', $"{pid} is stopped as before: {what}");
            }
            Directory.Delete(images, recursive: true);
        }
        victim.Continue();
        await VictimState.AssertUnchanged(before, victim);
        Tally.Count("faults injected", failed);
        Assert.True(failed > 0, "none of these calls was made");
    }

    // Inventory and statistics hold times; pages and pagemaps have to be the same.
    private static List<string> Content(string images) =>
        [.. Directory.GetFiles(images).Order(StringComparer.Ordinal)
            .Select(file => Path.GetFileName(file) + (Path.GetFileName(file).StartsWith("pag", StringComparison.Ordinal) ? Convert.ToHexString(File.ReadAllBytes(file)) : ""))];
}
