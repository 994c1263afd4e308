using PreDump.Linux.Interop;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Runs another program, in this process or in a child.</summary>
public static unsafe class OtherProgram
{
    private const int SIGPIPE = 13, SIG_DFL = 0;
    private const int MostOutput = 4096; // bytes

    /// <summary>Whether predump was started with SIGPIPE ignored, as far as can be told.</summary>
    public static bool IgnoresPipe => IgnoredSignals.Inherited(SIGPIPE);

    /// <summary>Lets a program take this process over: it keeps the pid, the descriptors that are not close-on-exec, and all that
    /// predump was started with. Call it before <see cref="OwnProcess.Prepare"/>, and before anything that lets the runtime
    /// handle signals (a console, a registration): what is changed then is not put back. Returns only if it fails. See
    /// execve(2).</summary>
    /// <param name="file">The program's path.</param>
    /// <param name="arguments">Its command line, with its name first.</param>
    /// <param name="variable">NAME=value, which is set in its environment in addition to ours.</param>
    /// <param name="ignorePipe">Whether it is to ignore SIGPIPE; null: as we were started.</param>
    /// <returns>The reason.</returns>
    public static LinuxException Execute(string file, IReadOnlyList<string> arguments, string variable, bool? ignorePipe = null)
    {
        using var path = new TextVector([file]);
        using var argv = new TextVector(arguments);
        using var environment = new TextVector(EnvironmentWith(variable));
        // Handlers end with the program, but what the runtime ignores would stay ignored.
        if (!(ignorePipe ?? IgnoresPipe))
            _ = LibCExtra.signal(SIGPIPE, SIG_DFL);
        _ = execve(path.Texts[0], argv.Texts, environment.Texts);
        return new LinuxException("execve", file, errno);
    }

    /// <summary>Runs a program and waits for its end; returns its exit code, or 128 plus the signal that killed it. What it
    /// prints goes to standard error.</summary>
    /// <param name="commandLine">The program's path first.</param>
    /// <param name="variables">NAME=value, in addition to our environment.</param>
    /// <exception cref="LinuxException">It can't be started.</exception>
    public static int Run(IReadOnlyList<string> commandLine, IReadOnlyList<string> variables) =>
        ChildProcess.WaitFor(ChildProcess.Start(commandLine, [(2, 1)], [.. OwnText.Environ(), .. variables], blocked: 0,
            ownSession: false, defaultSignals: !IgnoresPipe));

    /// <summary>Starts a program in a session of its own, so that no signal of a terminal reaches it; returns its pid. What it
    /// prints goes to standard error.</summary>
    /// <param name="commandLine">The program's path first.</param>
    /// <param name="variable">NAME=value, which is set in its environment in addition to ours.</param>
    /// <param name="kept">A descriptor that it gets by the same number.</param>
    /// <exception cref="LinuxException">It can't be started.</exception>
    public static int StartInSession(IReadOnlyList<string> commandLine, string variable, IReadOnlyList<int> kept) =>
        ChildProcess.Start(commandLine, [(2, 1), .. kept.Select(fd => (fd, fd))], EnvironmentWith(variable), blocked: 0,
            ownSession: true, defaultSignals: !IgnoresPipe);

    /// <summary>Starts a program in a session of its own, connected to nothing; returns its pid.</summary>
    /// <param name="commandLine">The program's path first.</param>
    /// <exception cref="LinuxException">It can't be started.</exception>
    public static int StartAside(IReadOnlyList<string> commandLine)
    {
        using var nothing = Fd.Open("/dev/null", O_RDWR);
        return ChildProcess.Start(commandLine, [(nothing.Number, 0), (nothing.Number, 1), (nothing.Number, 2)], OwnText.Environ(),
            blocked: 0, ownSession: true);
    }

    /// <summary>Kills a process that we, or a child of ours, have started.</summary>
    public static void Kill(int pid) => _ = kill(pid, SIGKILL);

    /// <summary>Kills a child, and waits for its end.</summary>
    public static void End(int pid)
    {
        Kill(pid);
        _ = ChildProcess.WaitFor(pid);
    }

    /// <summary>The first 4 KiB of what a program prints on standard output, once it has ended; null if it can't be started or
    /// fails.</summary>
    /// <param name="commandLine">The program's path first.</param>
    public static string? TryOutput(IReadOnlyList<string> commandLine)
    {
        var (ours, theirs) = Fd.SocketPair("output");
        using var output = ours;
        try
        {
            int pid;
            using (theirs)
                pid = ChildProcess.Start(commandLine, [(theirs.Number, 1)], OwnText.Environ(), blocked: 0, ownSession: false);
            var text = new byte[MostOutput];
            int length = 0;
            for (int got; length < MostOutput && (got = output.TryRead(text.AsSpan(length))) > 0;)
                length += got;
            output.Dispose();
            return ChildProcess.WaitFor(pid) == 0 ? RawText.Decode(text.AsSpan(0, length)) : null;
        }
        catch (LinuxException)
        {
            return null;
        }
    }
    private static List<string> EnvironmentWith(string variable)
    {
        string name = variable[..(variable.IndexOf('=', StringComparison.Ordinal) + 1)];
        return [.. OwnText.Environ().Where(other => !other.StartsWith(name, StringComparison.Ordinal)), variable];
    }
}
