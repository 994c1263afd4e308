using System.Runtime.InteropServices;
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
        int* pair = stackalloc int[2];
        const int AF_UNIX = 1, SOCK_STREAM_CLOEXEC = 1 | 0x80000;
        if (socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, pair) != 0)
            throw new LinuxException("socketpair", "thaw guard", errno);
        using var theirs = Fd.Adopt(pair[1], "thaw guard");
        var ours = Fd.Adopt(pair[0], "thaw guard");
        int pid = Spawn([.. OwnCommand(), Command, Path.GetFullPath(stateFile), thawed], theirs.Number);
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
        SignalSet blocked = OnlyStarterDied();
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

    private static SignalSet OnlyStarterDied()
    {
        var set = new SignalSet();
        set.Mask[(StarterDied - 1) / 64] = 1UL << ((StarterDied - 1) % 64);
        return set;
    }

    // Published, the program is one file; while it is developed it may be `dotnet predump.dll`.
    private static string[] OwnCommand() => Path.GetFileName(Environment.ProcessPath) == "dotnet"
        ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]]
        : ["/proc/self/exe"];

    private static int Spawn(string[] command, int line)
    {
        // glibc's posix_spawn_file_actions_t and posix_spawnattr_t: 80 and 336 bytes on 64 bits
        byte* actions = stackalloc byte[128];
        byte* attributes = stackalloc byte[512];
        const short POSIX_SPAWN_SETSID = 0x80, POSIX_SPAWN_SETSIGMASK = 0x08;
        byte** argv = stackalloc byte*[command.Length + 1];
        byte** environment = stackalloc byte*[1];
        for (int i = 0; i < command.Length; i++)
            argv[i] = (byte*)Marshal.StringToCoTaskMemUTF8(command[i]);
        try
        {
            int pid;
            _ = posix_spawn_file_actions_init(actions);
            _ = posix_spawn_file_actions_adddup2(actions, line, 0);
            _ = posix_spawnattr_init(attributes);
            _ = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
            SignalSet blocked = OnlyStarterDied(); // from its birth, so that no thread of its runtime takes the signal
            _ = posix_spawnattr_setsigmask(attributes, &blocked);
            int error = posix_spawn(&pid, argv[0], actions, attributes, argv, environment);
            _ = posix_spawn_file_actions_destroy(actions);
            _ = posix_spawnattr_destroy(attributes);
            return error == 0 ? pid : throw new LinuxException("posix_spawn", command[0], error);
        }
        finally
        {
            for (int i = 0; i < command.Length; i++)
                Marshal.FreeCoTaskMem((nint)argv[i]);
        }
    }
}
