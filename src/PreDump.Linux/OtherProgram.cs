using PreDump.Linux.Interop;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Another program, which takes this process over: it keeps the pid, the descriptors that are not close-on-exec, and
/// all that predump was started with. It must be called before <see cref="OwnProcess.Prepare"/>, and before anything that lets the
/// runtime handle signals (a console, a registration): what is changed then is not put back. See execve(2).</summary>
public static unsafe class OtherProgram
{
    private const int SIGPIPE = 13, SIG_DFL = 0;

    /// <summary>Executes a program; returns only if that fails.</summary>
    /// <param name="file">The program's path.</param>
    /// <param name="arguments">Its command line, with its name first.</param>
    /// <param name="variable">NAME=value, which is set in its environment in addition to ours.</param>
    /// <returns>The reason.</returns>
    public static LinuxException Execute(string file, IReadOnlyList<string> arguments, string variable)
    {
        string name = variable[..(variable.IndexOf('=', StringComparison.Ordinal) + 1)];
        using var path = new TextVector([file]);
        using var argv = new TextVector(arguments);
        using var environment = new TextVector(
            [.. OwnText.Environ().Where(other => !other.StartsWith(name, StringComparison.Ordinal)), variable]);
        // Handlers end with the program, but what the runtime ignores would stay ignored.
        if (!IgnoredSignals.Inherited(SIGPIPE))
            _ = LibCExtra.signal(SIGPIPE, SIG_DFL);
        _ = execve(path.Texts[0], argv.Texts, environment.Texts);
        return new LinuxException("execve", file, errno);
    }
}
