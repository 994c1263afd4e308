using System.Text;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>The parser of /proc/PID/status.</summary>
public sealed class ProcStatusTests
{
    private const string Text =
        "Name:\tState:\\nTgid: 9\nUmask:\t0022\nState:\tT (stopped)\nTgid:\t77\nNgid:\t0\nPid:\t78\nPPid:\t1\nTracerPid:\t5\n"
        + "Uid:\t1000\t0\t0\t0\nNSpid:\t78\t12\t3\nVmSize:\t  2000 kB\nRssAnon:\t     100 kB\nVmSwap:\t      28 kB\n"
        + "CapEff:\t000001ffffffffff\n";

    [Fact]
    public void The_status_parser_reads_the_fields_and_is_not_misled_by_a_name()
    {
        var status = ProcStatus.Parse(Encoding.UTF8.GetBytes(Text));
        Assert.Equal("State:\\nTgid: 9", status.Name);
        Assert.Equal('T', status.State);
        Assert.Equal(77, status.Tgid);
        Assert.Equal(1, status.PPid);
        Assert.Equal(5, status.TracerPid);
        Assert.Equal(3, status.InnermostPid);
        Assert.Equal(1000, status.Uid);
        Assert.Equal(128UL * 1024, status.AnonymousBytes);
        Assert.True(status.HasMemory);
        Assert.Equal(0x1ffffffffffUL, status.EffectiveCapabilities);
    }

    [Fact]
    public void Our_own_status_agrees_with_the_runtime()
    {
        var status = ProcStatus.TryRead(Environment.ProcessId)!;
        Assert.Equal(Environment.ProcessId, status.Tgid);
        Assert.True(status.HasMemory);
    }

    [Fact]
    public void The_status_of_a_task_that_is_not_there_is_null() => Assert.Null(ProcStatus.TryRead(int.MaxValue));
}
