namespace PreDump.Linux;

/// <summary>Starts predump itself as a child process, because a .NET process can't fork.</summary>
public static class OwnProgram
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
        return ChildProcess.Start(
            [.. Command(), .. arguments], moves, withEnvironment ? OwnText.Environ() : [], blocked, ownSession: true);
    }

    /// <summary>Starts the child in our session and with our environment; returns its pid.</summary>
    /// <param name="arguments">The command line, without the program's name.</param>
    /// <param name="kept">Descriptors that it gets by the same numbers, even if they are close-on-exec, in addition to those that
    /// are not.</param>
    /// <exception cref="LinuxException">The child can't be started.</exception>
    public static int StartBeside(IReadOnlyList<string> arguments, IReadOnlyList<int> kept) => ChildProcess.Start(
        [.. Command(), .. arguments], [.. kept.Select(fd => (fd, fd))], OwnText.Environ(), blocked: 0, ownSession: false);

    /// <summary>Waits for a child to end; returns its exit code, or 128 plus the signal that killed it. See waitpid(2).</summary>
    /// <exception cref="LinuxException">ECHILD: there is no such child.</exception>
    public static int WaitFor(int pid) => ChildProcess.WaitFor(pid);

    // A published predump is a single executable; during development it may run as `dotnet predump.dll`.
    private static string[] Command() => Path.GetFileName(Environment.ProcessPath) == "dotnet"
        ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]]
        : ["/proc/self/exe"];
}
