using System.Runtime.InteropServices;
using PreDump.Host;
using Xunit;

namespace PreDump.Tests.Unit.Host;

/// <summary>Signals that come at any moment.</summary>
public sealed class SignalsTests
{
    /// <summary>Its thread may have been started before everything was over; an exception there would abort predump.</summary>
    [Fact]
    public void A_signal_at_the_last_moment_is_taken_in_silence()
    {
        var signals = new Signals("nothing is left");
        signals.Dispose();
        var context = new PosixSignalContext(PosixSignal.SIGTERM);
        signals.Receive(context);
        Assert.True(context.Cancel);
    }
}
