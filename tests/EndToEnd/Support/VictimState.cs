using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>What a tool without code injection must not change: descriptors, mappings, signals, tracers,
/// threads.</summary>
internal sealed record VictimState(int Pid, string Descriptors, string Mappings, string Signals, int Threads)
{
    private static readonly string[] s_fields = ["SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd", "Seccomp", "NoNewPrivs"];

    public static List<VictimState> OfTree(Victim victim) => [.. victim.Tree.Select(Of)];

    /// <summary>Compares with an earlier state; no thread may be stopped or traced any more.</summary>
    public static async Task AssertUnchanged(List<VictimState> before, Victim victim)
    {
        Assert.False(victim.HasExited, "the victim has died");
        foreach (var pid in victim.Tree)
            foreach (var thread in ProcessView.Threads(pid))
            {
                Assert.Equal("0", ProcessView.Status(pid, thread, "TracerPid"));
                await Eventually.True(() => ProcessView.State(pid, thread) is 'R' or 'S' or 'D' or 'Z',
                    $"{pid}/{thread} goes on");
            }
        Assert.Equal(before, OfTree(victim));
    }

    private static VictimState Of(int pid) =>
        new(pid, DescriptorsOf(pid), File.ReadAllText($"/proc/{pid}/maps"),
            string.Join('\n', s_fields.Select(field => $"{field} {ProcessView.Status(pid, field)}")),
            ProcessView.Threads(pid).Length);

    private static string DescriptorsOf(int pid) =>
        string.Join('\n', Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Order()
            .Select(path => $"{Path.GetFileName(path)} {new FileInfo(path).LinkTarget}"));
}
