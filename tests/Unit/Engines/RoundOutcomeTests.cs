using System.Text;
using PreDump.Core;
using PreDump.Engines;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Engines;

/// <summary>What an engine is told.</summary>
public sealed class RoundOutcomeTests
{
    public static TheoryData<Exception, int> Failures() => new()
    {
        { new LinuxException("write", "/a", Errno.ENOSPC), Errno.ENOSPC },
        { new TreeException("there is no process 7", TreeInput.Root) { Number = Errno.ESRCH }, Errno.ESRCH },
        { new PreDumpException("the parent is damaged", RoundInput.Parent), Errno.EINVAL },
        { new PreDumpException("something else"), Errno.EIO },
        { new RequestException(Errno.EBADF, "no descriptor"), Errno.EBADF },
        { new OperationCanceledException(), Errno.EINTR },
        { new TypeInitializationException("x", new LinuxException("open", "/a", Errno.EMFILE)), Errno.EMFILE },
        { new InvalidOperationException(), Errno.EIO },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_failure_has_a_number(Exception e, int number) => Assert.Equal(number, RoundOutcome.Failed(e, "x").Number);

    [Fact]
    public void An_outcome_survives_its_way_between_processes()
    {
        var outcome = RoundOutcome.Failed(new LinuxException("write", "/ä", Errno.ENOSPC), "no room in /ä");
        Assert.Equal(outcome, RoundOutcome.Decode(outcome.Encode()));
        Assert.Equal(RoundOutcome.Done, RoundOutcome.Decode(RoundOutcome.Done.Encode()));
        Assert.Null(RoundOutcome.Decode([1, 2, 3]));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("ä€𝄞")]
    [InlineData("\u0007\n")]
    public void A_message_is_one_line_of_less_than_a_KiB(string part)
    {
        var message = RoundOutcome.Failed(new IOException(), string.Concat(Enumerable.Repeat(part, 2000))).Message;
        Assert.InRange(Encoding.UTF8.GetByteCount(message), RoundOutcome.MostOfMessage - 16, RoundOutcome.MostOfMessage);
        Assert.EndsWith("…", message);
        Assert.DoesNotContain(message, char.IsControl);
        Assert.DoesNotContain('\uFFFD', message);
    }
}
