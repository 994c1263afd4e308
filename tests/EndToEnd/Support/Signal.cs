using System.ComponentModel;
using System.Runtime.InteropServices;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>kill(2), by pid: the only way in which tests act on processes that they have started.</summary>
internal static partial class Signal
{
    public const int Hangup = 1;
    public const int Int = 2;
    public const int Quit = 3;
    public const int Abort = 6;
    public const int Kill = 9;
    public const int Usr1 = 10;
    public const int Term = 15;
    public const int Continue = 18;
    public const int Stop = 19;
    public const int TerminalStop = 20;

    private const int NoSuchProcess = 3;

    /// <summary>Sends a signal; a process that no longer exists is not an error.</summary>
    public static void Send(int pid, int signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(pid, 1);
        if (kill(pid, signal) == -1 && Marshal.GetLastPInvokeError() != NoSuchProcess)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"kill({pid}, {signal})");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
