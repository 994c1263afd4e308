using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>What LISTEN_PID and LISTEN_FDS say.</summary>
public sealed class PassedSocketsTests
{
    [Theory]
    [InlineData("7", "1", 1)]
    [InlineData("7", "12", 12)]
    [InlineData("7", "0", 0)]
    [InlineData("8", "1", 0)] // meant for another process, whose child we may be
    [InlineData(null, "1", 0)]
    [InlineData("7", null, 0)]
    [InlineData("7", "-1", 0)]
    [InlineData("7", "1x", 0)]
    [InlineData("", "1", 0)]
    [InlineData("7", "99999999999", 0)]
    public void Sockets_are_passed_to_the_process_that_is_named(string? pid, string? number, int count) =>
        Assert.Equal(count, PassedSockets.CountIn(pid, number, process: 7));
}
