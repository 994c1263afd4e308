using System.Runtime.InteropServices;

namespace PreDump.Linux;

/// <summary>A system call that failed: "open(/proc/12/maps): Permission denied".</summary>
public sealed class LinuxException(string call, string subject, int errno)
    : Exception($"{call}({subject}): {Marshal.GetPInvokeErrorMessage(errno)}")
{
    /// <summary>The call's name as in section 2 of the manual.</summary>
    public string Call { get; } = call;

    /// <summary>What the call was applied to: a path, or a request and a pid.</summary>
    public string Subject { get; } = subject;

    /// <summary>The error number. See errno(3).</summary>
    public int Errno { get; } = errno;
}
