using System.ComponentModel;
using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Translates exceptions into messages of one line that state what failed, then what to do.</summary>
public static class Failure
{
    /// <summary>Replaces the .NET runtime's message for a thread that can't be started, which is about files.</summary>
    public static string NoMoreThreads => OwnProcess.LacksAddressSpace
        ? TooLittleAddressSpace
        : "no more threads are allowed (ulimit -u, the cgroup's pids.max)"
            + (Permissions.IsFiltered ? $", or {Permissions.OwnFilter} refuses a call that the runtime needs" : "");

    // Neither the C library nor the runtime says that it was this limit.
    private const string TooLittleAddressSpace = "the limit of address space (ulimit -v) is too low: raise it";

    /// <summary>The message for an exception; null if it is a defect of predump itself.</summary>
    /// <param name="e">The exception.</param>
    /// <param name="tree">The root's pid of the tree concerned, if any.</param>
    public static string? TryExplain(Exception e, int? tree = null) => e switch
    {
        KnownFailureException => e.Message,
        LinuxException { Errno: Errno.EPERM or Errno.EACCES } refused =>
            $"{refused.Message}: {Permissions.Advice(refused, tree)}",
        LinuxException { Errno: Errno.ENOSPC or Errno.EDQUOT } =>
            $"{e.Message}: free some space, or use a directory on a larger disk",
        LinuxException { Errno: Errno.EMFILE } or IOException { HResult: Errno.EMFILE } =>
            $"{e.Message}: raise the limit of open files (ulimit -n), 64 are enough for any tree without stripes",
        LinuxException { Errno: Errno.ENFILE } =>
            $"{e.Message}: the whole machine has too many files open (sysctl fs.file-max)",
        LinuxException { Errno: Errno.EFBIG } =>
            $"{e.Message}: raise the file size limit (ulimit -f), or use a file system that supports larger files",
        LinuxException { Errno: Errno.ENOSYS } => $"{e.Message}: this kernel lacks the call, or a seccomp filter refuses it",
        LinuxException { Errno: Errno.ENOMEM } or OutOfMemoryException when OwnProcess.LacksAddressSpace => TooLittleAddressSpace,
        LinuxException or IOException or UnauthorizedAccessException or InvalidDataException => e.Message,
        TypeInitializationException { InnerException: { } inner } => TryExplain(inner, tree),
        Win32Exception { NativeErrorCode: Errno.EAGAIN } => NoMoreThreads,
        OutOfMemoryException => "out of memory, or no more threads are allowed (ulimit -u, the cgroup's limits)",
        _ => null,
    };

    /// <summary>The inputs that the user could change to avoid the failure; often empty.</summary>
    public static IReadOnlyList<Input> About(Exception e) => e switch
    {
        KnownFailureException known => known.About,
        LinuxException { Errno: Errno.ENOSPC or Errno.EDQUOT } => [RoundInput.ImagesDirectory],
        TypeInitializationException { InnerException: { } inner } => About(inner),
        _ => [],
    };
}
