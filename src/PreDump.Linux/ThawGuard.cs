using System.Text;
using PreDump.Linux.Interop;
using Tmds.Linux;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A child process that waits for us to end, in whatever way, and then thaws the cgroup that we have frozen. It is this
/// same program, in a session of its own so that no signal of a terminal reaches it.</summary>
public sealed unsafe class ThawGuard
{
    /// <summary>The command by which the program is started as a guard: "thaw-guard FILE TEXT".</summary>
    public const string Command = "thaw-guard";

    private const int StarterDied = 64; // SIGRTMAX, which nobody else uses

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
        int pid = OwnProgram.Start([Command, Path.GetFullPath(stateFile), thawed], [theirs.Number], blocked: StarterDied);
        theirs.Dispose();
        var guard = new ThawGuard(ours, pid);
        Span<byte> ready = stackalloc byte[1];
        if (ours.TryRead(ready) != 1)
        {
            guard.ThawNow(); // reaped here: as a zombie it would count against the very limit that it may have died of
            throw new TreeException("the guard that would thaw the cgroup if predump died could not start: nothing was frozen");
        }
        return guard;
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

    /// <summary>What the guard itself does: says that it stands, waits, and thaws if the line breaks without a word, or the thread
    /// that started it dies. That comes first: the line breaks only when all of predump's threads have had their turn to end.</summary>
    public static int Run(string stateFile, string thawed)
    {
        const int SIGHUP = 1, SIGINT = 2, SIGTERM = 15;
        foreach (int signal in (ReadOnlySpan<int>)[SIGHUP, SIGINT, SIGTERM])
            _ = LibCExtra.signal(signal, 1); // SIG_IGN
        FreezeThread.Hurry(); // frozen tasks must not wait for their turn behind the machine's other work
        using var state = Fd.Open(stateFile, O_WRONLY); // now, not when descriptors may have run out
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

    // Waits for a word, the line's end, or the signal; a word that came before the signal counts.
    private static bool HasDied(Fd line, Fd starterDied)
    {
        var waits = stackalloc pollfd[2];
        waits[0] = new pollfd { fd = line.Number, events = POLLIN };
        waits[1] = new pollfd { fd = starterDied.Number, events = POLLIN }; // -1, where there is no signalfd, is passed over
        while (poll(waits, 2, -1) < 0 && errno == EINTR)
        {
        }
        return waits[0].revents == 0 && waits[1].revents != 0;
    }
}
