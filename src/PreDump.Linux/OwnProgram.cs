using System.Runtime.InteropServices;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Starts predump itself as a child process, because a .NET process can't fork. The child gets its own session, so that
/// no signal of a terminal reaches it. See posix_spawn(3).</summary>
public static unsafe class OwnProgram
{
    /// <summary>Starts the child; returns its pid.</summary>
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
        using var argv = new TextVector([.. Command(), .. arguments]);
        using var environment = new TextVector(withEnvironment ? OwnText.Environ() : []);
        // glibc's posix_spawn_file_actions_t and posix_spawnattr_t: 80 and 336 bytes on 64 bits
        byte* actions = stackalloc byte[128];
        byte* attributes = stackalloc byte[512];
        const short POSIX_SPAWN_SETSID = 0x80, POSIX_SPAWN_SETSIGMASK = 0x08;
        int pid;
        var mask = SignalSet.Of(blocked);
        _ = posix_spawn_file_actions_init(actions);
        for (int i = 0; i < descriptors.Length; i++)
            _ = posix_spawn_file_actions_adddup2(actions, descriptors[i], i);
        _ = posix_spawnattr_init(attributes);
        _ = posix_spawnattr_setflags(attributes, (short)(POSIX_SPAWN_SETSID | (blocked == 0 ? 0 : POSIX_SPAWN_SETSIGMASK)));
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

    // A null-terminated array of C strings, as execve(2) takes it.
    private sealed class TextVector : IDisposable
    {
        private readonly int _count;

        public TextVector(IReadOnlyList<string> texts)
        {
            _count = texts.Count;
            Texts = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
            for (int i = 0; i < _count; i++)
                Texts[i] = Copy(RawText.Encode(texts[i]));
        }

        public byte** Texts { get; }

        private static byte* Copy(byte[] text)
        {
            var copy = (byte*)NativeMemory.AllocZeroed((nuint)text.Length + 1); // with its terminating zero
            text.CopyTo(new Span<byte>(copy, text.Length));
            return copy;
        }

        public void Dispose()
        {
            for (int i = 0; i < _count; i++)
                NativeMemory.Free(Texts[i]);
            NativeMemory.Free(Texts);
        }
    }
}
