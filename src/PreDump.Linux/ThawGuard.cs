using System.Text;
using PreDump.Linux.Interop;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A child process that waits for us to end, in whatever way, and then thaws the cgroup that we have frozen. It is this
/// same program, in a session of its own so that no signal of a terminal reaches it.</summary>
public sealed unsafe class ThawGuard
{
    /// <summary>The command by which the program is started as a guard: "thaw-guard FILE TEXT".</summary>
    public const string Command = "thaw-guard";

    private readonly Fd _line;
    private readonly int _pid;

    private ThawGuard(Fd line, int pid) => (_line, _pid) = (line, pid);

    internal int Pid => _pid;

    /// <summary>Starts a child that only waits to be dismissed.</summary>
    internal static ThawGuard StartIdle() => Start("/dev/null", "");

    /// <summary>Starts a guard that will write <paramref name="thawed"/> to <paramref name="stateFile"/>; returns when it stands.</summary>
    internal static ThawGuard Start(string stateFile, string thawed)
    {
        var (ours, theirs) = Fd.SocketPair("thaw guard");
        using var guards = theirs;
        int pid = OwnProgram.Start([Command, Path.GetFullPath(stateFile), thawed], [theirs.Number]);
        theirs.Dispose();
        Span<byte> ready = stackalloc byte[1];
        if (ours.TryRead(ready) != 1)
        {
            ours.Dispose();
            throw new TreeException("the guard that would thaw the cgroup if predump died could not start: nothing was frozen");
        }
        return new ThawGuard(ours, pid);
    }

    /// <summary>Tells the guard that the cgroup is thawed, and sees it off.</summary>
    internal void Dismiss()
    {
        _ = _line.TryWriteOnce("d"u8);
        ThawNow();
    }

    /// <summary>Has the guard thaw the cgroup, as if we had died; returns when it has ended.</summary>
    internal void ThawNow()
    {
        _line.Dispose();
        int status;
        _ = waitpid(_pid, &status, 0);
    }

    /// <summary>What the guard itself does: says that it stands, waits, and thaws if the line breaks without a word.</summary>
    public static int Run(string stateFile, string thawed)
    {
        const int SIGHUP = 1, SIGINT = 2, SIGTERM = 15;
        foreach (int signal in (ReadOnlySpan<int>)[SIGHUP, SIGINT, SIGTERM])
            _ = LibCExtra.signal(signal, 1); // SIG_IGN
        FreezeThread.Hurry(); // frozen tasks must not wait for their turn behind the machine's other work
        using var state = Fd.Open(stateFile, O_WRONLY); // now, not when descriptors may have run out
        var line = Fd.Adopt(0, "thaw guard");
        Span<byte> word = stackalloc byte[1];
        if (line.TryWriteOnce("r"u8) == 0 && line.TryRead(word) == 1)
            return 0;
        return state.TryWriteOnce(Encoding.ASCII.GetBytes(thawed));
    }
}
