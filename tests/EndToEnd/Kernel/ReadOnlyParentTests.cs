using PreDump.Core.Parents;
using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.EndToEnd.Kernel;

/// <summary>A parent that can't be marked as used.</summary>
public sealed class ReadOnlyParentTests
{
    [Fact]
    public async Task A_parent_that_is_read_only_is_taken_with_a_warning()
    {
        Requires.Root();
        using var folder = new HandmadeRounds();
        var parent = folder.Round("1", uptimeMicroseconds: ProcFs.UptimeMicroseconds());
        folder.Task(parent, Environment.ProcessId, 1, (10, 4, PageFlags.Present));
        var next = Directory.CreateDirectory(Path.Combine(folder.Path, "2")).FullName;
        await Command.Must("/bin/mount", "--bind", parent, parent);
        try
        {
            await Command.Must("/bin/mount", "-o", "remount,ro,bind", parent);
            var observed = new Observed();
            var self = new TreeRoot(Environment.ProcessId, ProcFs.StartTime(Environment.ProcessId),
                Environment.ProcessId, "test");
            using (var images = RoundDirectory.Open(next))
            using (var round = ParentRound.Open(
                new ParentRequest(self, "../1"), images, new MadeUpTracker(), openRemote: null, observed)!)
            {
                round.Claim!.Take();
                round.Claim!.TrackingIsReset();
                round.Claim!.Complete(next, 7);
            }
            Assert.True(File.Exists(Path.Combine(parent, ImageNames.Inventory)));
            var warning = Assert.Single(observed.Warnings, told => !told.Contains("frame ledger", StringComparison.Ordinal));
            Assert.Contains("Read-only file system", warning);
            Assert.Contains("whether this round succeeds or fails, don't build another one on it", warning);
        }
        finally
        {
            await Command.Must("/bin/umount", parent);
        }
    }
}
