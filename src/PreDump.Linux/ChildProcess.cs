using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Starts child processes, and waits for them. See posix_spawn(3).</summary>
internal static unsafe class ChildProcess
{
    private const int SIGPIPE = 13, SIGXFSZ = 25;

    /// <summary>Starts one; returns its pid.</summary>
    /// <param name="commandLine">The program's path first.</param>
    /// <param name="descriptors">Descriptors of ours and their numbers in the child, which also inherits all that are not
    /// close-on-exec.</param>
    /// <param name="environment">Its variables, as NAME=value.</param>
    /// <param name="blocked">A signal that is blocked from the start; 0 for none.</param>
    /// <param name="ownSession">Whether it gets a session of its own, so that no signal of a terminal reaches it.</param>
    /// <param name="defaultSignals">Whether SIGPIPE and SIGXFSZ, which we ignore, have their default effect on it.</param>
    /// <exception cref="LinuxException">It can't be started.</exception>
    public static int Start(IReadOnlyList<string> commandLine, ReadOnlySpan<(int From, int To)> descriptors,
        IReadOnlyList<string> environment, int blocked, bool ownSession, bool defaultSignals = false)
    {
        using var argv = new TextVector(commandLine);
        using var variables = new TextVector(environment);
        // glibc's posix_spawn_file_actions_t and posix_spawnattr_t: 80 and 336 bytes on 64 bits
        byte* actions = stackalloc byte[128];
        byte* attributes = stackalloc byte[512];
        const short POSIX_SPAWN_SETSID = 0x80, POSIX_SPAWN_SETSIGMASK = 0x08, POSIX_SPAWN_SETSIGDEF = 0x04;
        int pid;
        var mask = SignalSet.Of(blocked);
        var ignored = SignalSet.Of(SIGPIPE, SIGXFSZ);
        _ = posix_spawn_file_actions_init(actions);
        foreach (var (from, to) in descriptors)
            _ = posix_spawn_file_actions_adddup2(actions, from, to);
        _ = posix_spawnattr_init(attributes);
        _ = posix_spawnattr_setflags(attributes,
            (short)((ownSession ? POSIX_SPAWN_SETSID : 0) | (blocked == 0 ? 0 : POSIX_SPAWN_SETSIGMASK)
                | (defaultSignals ? POSIX_SPAWN_SETSIGDEF : 0)));
        _ = posix_spawnattr_setsigdefault(attributes, &ignored);
        _ = posix_spawnattr_setsigmask(attributes, &mask);
        int error = posix_spawn(&pid, argv.Texts[0], actions, attributes, argv.Texts, variables.Texts);
        _ = posix_spawn_file_actions_destroy(actions);
        _ = posix_spawnattr_destroy(attributes);
        return error == 0 ? pid : throw new LinuxException("posix_spawn", commandLine[0], error);
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
}
