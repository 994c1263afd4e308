using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Starts predump itself as a child process, because a .NET process can't fork. See posix_spawn(3).</summary>
public static unsafe class OwnProgram
{
    /// <summary>Starts the child, in a session of its own, so that no signal of a terminal reaches it; returns its pid.</summary>
    /// <param name="arguments">The command line, without the program's name.</param>
    /// <param name="descriptors">These become the child's descriptors 0, 1, …; it also inherits all that are not
    /// close-on-exec.</param>
    /// <param name="withEnvironment">True: the child inherits the environment; false: it gets an empty one.</param>
    /// <param name="blocked">A signal that is blocked from the start, so that no thread of its runtime takes it; 0 for
    /// none.</param>
    /// <exception cref="LinuxException">The child can't be started.</exception>
    public static int Start(
        IReadOnlyList<string> arguments, ReadOnlySpan<int> descriptors, bool withEnvironment = false, int blocked = 0)
    {
        Span<(int, int)> moves = stackalloc (int, int)[descriptors.Length];
        for (int i = 0; i < descriptors.Length; i++)
            moves[i] = (descriptors[i], i);
        return Start(arguments, moves, withEnvironment, blocked, ownSession: true);
    }

    /// <summary>Starts the child in our session and with our environment; returns its pid.</summary>
    /// <param name="arguments">The command line, without the program's name.</param>
    /// <param name="kept">Descriptors that it gets by the same numbers, even if they are close-on-exec, in addition to those that
    /// are not.</param>
    /// <exception cref="LinuxException">The child can't be started.</exception>
    public static int StartBeside(IReadOnlyList<string> arguments, IReadOnlyList<int> kept) =>
        Start(arguments, [.. kept.Select(fd => (fd, fd))], withEnvironment: true, blocked: 0, ownSession: false);

    private static int Start(IReadOnlyList<string> arguments, ReadOnlySpan<(int From, int To)> descriptors,
        bool withEnvironment, int blocked, bool ownSession)
    {
        using var argv = new TextVector([.. Command(), .. arguments]);
        using var environment = new TextVector(withEnvironment ? OwnText.Environ() : []);
        // glibc's posix_spawn_file_actions_t and posix_spawnattr_t: 80 and 336 bytes on 64 bits
        byte* actions = stackalloc byte[128];
        byte* attributes = stackalloc byte[512];
        const short POSIX_SPAWN_SETSID = 0x80, POSIX_SPAWN_SETSIGMASK = 0x08;
        int pid;
        var mask = SignalSet.Of(blocked);
        _ = posix_spawn_file_actions_init(actions);
        foreach (var (from, to) in descriptors)
            _ = posix_spawn_file_actions_adddup2(actions, from, to);
        _ = posix_spawnattr_init(attributes);
        _ = posix_spawnattr_setflags(attributes,
            (short)((ownSession ? POSIX_SPAWN_SETSID : 0) | (blocked == 0 ? 0 : POSIX_SPAWN_SETSIGMASK)));
        _ = posix_spawnattr_setsigmask(attributes, &mask);
        int error = posix_spawn(&pid, argv.Texts[0], actions, attributes, argv.Texts, environment.Texts);
        _ = posix_spawn_file_actions_destroy(actions);
        _ = posix_spawnattr_destroy(attributes);
        return error == 0 ? pid : throw new LinuxException("posix_spawn", "predump", error);
    }

    /// <summary>Waits for a child to end; returns its exit code, or 128 plus the signal that killed it. See waitpid(2).</summary>
    /// <exception cref="LinuxException">ECHILD: there is no such child.</exception>
    public static int WaitFor(int pid)
    {
        int status;
        while (waitpid(pid, &status, 0) < 0)
            if (errno != EINTR)
                throw new LinuxException("waitpid", $"{pid}", errno);
        return (status & 0x7f) == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f);
    }

    // A published predump is a single executable; during development it may run as `dotnet predump.dll`.
    private static string[] Command() => Path.GetFileName(Environment.ProcessPath) == "dotnet"
        ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]]
        : ["/proc/self/exe"];
}
