using System.Text;
using PreDump.Linux.Interop;
using Tmds.Linux;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A child process that waits for predump to end, in whatever way, and then thaws the cgroup that predump has frozen. It
/// runs the same program in its own session, so that no signal of a terminal reaches it.
/// <code>
///   predump                       guard
///      |-------- starts ----------->|
///      |&lt;------- "r" (ready) -------|
///   freezes                         |
///   thaws                           |
///      |-------- "d" (done) ------->| exits without a write
///      X  dies, or closes the line: | thaws the cgroup and exits
/// </code></summary>
public sealed unsafe class ThawGuard
{
    /// <summary>The command that makes the program run as a guard: "thaw-guard FILE TEXT".</summary>
    public const string Command = "thaw-guard";

    private const int StarterDied = 64; // SIGRTMAX, otherwise unused

    private readonly Fd _line;
    private readonly int _pid;

    private ThawGuard(Fd line, int pid) => (_line, _pid) = (line, pid);

    internal int Pid => _pid;

    /// <summary>Starts a child that only waits to be dismissed.</summary>
    internal static ThawGuard StartIdle() => Start("/dev/null", "");

    /// <summary>Starts a guard that will write <paramref name="thawed"/> to <paramref name="stateFile"/>; returns when it is
    /// ready.</summary>
    /// <exception cref="TreeException">The guard could not start.</exception>
    internal static ThawGuard Start(string stateFile, string thawed)
    {
        var (ours, theirs) = Fd.SocketPair("thaw guard");
        using var guards = theirs;
        int pid = OwnProgram.Start([Command, stateFile, thawed], [theirs.Number], blocked: StarterDied);
        theirs.Dispose();
        var guard = new ThawGuard(ours, pid);
        Span<byte> ready = stackalloc byte[1];
        if (ours.TryRead(ready) != 1)
        {
            guard.ThawNow(); // reaps it: a zombie would count against the process limit that it may have died of
            throw new TreeException("the guard that would thaw the cgroup if predump died could not start: nothing was frozen");
        }
        return guard;
    }

    /// <summary>Tells the guard that the cgroup is thawed; returns when the guard has exited.</summary>
    internal void Dismiss()
    {
        _ = _line.TryWriteOnce("d"u8);
        CloseLineAndWait();
    }

    /// <summary>Makes the guard thaw the cgroup, as if predump had died; returns when the guard has exited.</summary>
    internal void ThawNow() => CloseLineAndWait();

    private void CloseLineAndWait()
    {
        _line.Dispose();
        int status;
        _ = waitpid(_pid, &status, 0);
    }

    /// <summary>The guard's own program: reports that it is ready, waits, and thaws the cgroup if the line closes without a
    /// message or if the thread that started it dies. Usually the thread's death is noticed first, because the line closes only
    /// when all of predump's threads have ended. See prctl(2), PR_SET_PDEATHSIG.</summary>
    /// <returns>0, or the errno if the cgroup could not be thawed.</returns>
    public static int Run(string stateFile, string thawed)
    {
        const int SIGHUP = 1, SIGINT = 2, SIGTERM = 15;
        foreach (int signal in (ReadOnlySpan<int>)[SIGHUP, SIGINT, SIGTERM])
            _ = LibCExtra.signal(signal, 1); // SIG_IGN
        FreezeThread.RaisePriority(); // frozen tasks must not wait for other load on the machine
        using var state = Fd.Open(stateFile, O_WRONLY); // opened now, because later there may be no free descriptors
        byte[] text = Encoding.ASCII.GetBytes(thawed);
        var line = Fd.Adopt(0, "thaw guard");
        var blocked = SignalSet.Of(StarterDied);
        using var starterDied = Fd.Adopt(signalfd(-1, &blocked, O_CLOEXEC), "signalfd");
        _ = prctl(PR_SET_PDEATHSIG, StarterDied, 0, 0, 0);
        Span<byte> word = stackalloc byte[1];
        if (line.TryWriteOnce("r"u8) == 0 && !HasDied(line, starterDied) && line.TryRead(word) == 1)
            return 0;
        return state.TryWriteOnce(text);
    }

    // Waits for a message, the line's end, or the signal; a message that arrived before the signal wins.
    private static bool HasDied(Fd line, Fd starterDied)
    {
        var waits = stackalloc pollfd[2];
        waits[0] = new pollfd { fd = line.Number, events = POLLIN };
        waits[1] = new pollfd { fd = starterDied.Number, events = POLLIN }; // poll ignores -1, if signalfd failed
        while (poll(waits, 2, -1) < 0 && errno == EINTR)
        {
        }
        return waits[0].revents == 0 && waits[1].revents != 0;
    }
}
