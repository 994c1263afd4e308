using PreDump.Core;
using PreDump.Core.Sinks;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Sinks;

/// <summary>Which directories a round may go to.</summary>
public sealed class RoundDirectoryTests
{
    [Fact]
    public void A_round_that_would_make_the_chain_too_long_is_refused()
    {
        using var scratch = new Scratch();
        for (int round = 1; round <= 1000; round++)
        {
            scratch.Folder($"{round}");
            if (round > 1)
                File.CreateSymbolicLink(scratch[$"{round}/parent"], $"../{round - 1}");
        }
        using var directory = RoundDirectory.Open(scratch.Folder("next"));
        directory.RefuseTooLong("../999", 1);
        directory.RefuseTooLong("../990", 10);
        Assert.Equal([RoundInput.Parent], Refused("../1000", 1));
        Assert.Equal([RoundInput.Stripes], Refused("../990", 11));

        IReadOnlyList<Input> Refused(string parent, int count) =>
            Assert.Throws<PreDumpException>(() => directory.RefuseTooLong(parent, count)).About;
    }
}
