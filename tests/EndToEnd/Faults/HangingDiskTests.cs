using Xunit;

namespace PreDump.Tests.EndToEnd.Faults;

/// <summary>The file system of the images does not answer any more, like NFS without its server
/// (tests/victims/faultyfs.c).</summary>
public sealed class HangingDiskTests
{
    [Fact]
    public async Task A_signal_ends_a_round_whose_disk_hangs_and_what_may_be_left_is_said()
    {
        Requires.Root();
        await using var victim = await Victim.Start("plain", 1024);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        string images = scratch.Folder("images");
        await using var server = await Victim.Start("faultyfs", 30, images, "hangs");
        try
        {
            using var tool = await PreDumpTool.Start("--tree", $"{victim.Pid}", "--images-dir", images);
            Assert.Equal("HANGS", await server.Line());

            Signal.Send(tool.Id, Signal.Term);
            var cancel = TestContext.Current.CancellationToken;
            string? line;
            do
                line = await Eventually.Within(tool.StandardError.ReadLineAsync(cancel).AsTask(), "a line");
            while (line?.StartsWith("predump: error: ", StringComparison.Ordinal) == false);

            Assert.Contains("ended by SIGTERM", line);
            Assert.Contains($"may be left in {images}", line);
            Assert.DoesNotContain("is removed", line);
            await VictimState.AssertUnchanged(before, victim);
            Signal.Send(server.Pid, Signal.Kill); // until then the kernel may keep a thread that waits for an answer
            await Eventually.Within(tool.WaitForExitAsync(cancel).ContinueWith(_ => 0, cancel), "the end");
            Assert.Equal(128 + Signal.Term, tool.ExitCode);
        }
        finally
        {
            Signal.Send(server.Pid, Signal.Kill);
            await Command.Must("/bin/umount", "-l", images);
        }
    }
}
