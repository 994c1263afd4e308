using System.ComponentModel;
using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Turns what went wrong into one line that says what to do.</summary>
public static class Failure
{
    /// <summary>The runtime's own words for a thread that may not be started are about files.</summary>
    public const string NoMoreThreads = "no more threads are allowed (ulimit -u, the cgroup's pids.max)";

    /// <summary>The line; null for a defect of ours, which is not explained away.</summary>
    /// <param name="e">What went wrong.</param>
    /// <param name="tree">The root of the tree that this is about; null: none.</param>
    public static string? TryExplain(Exception e, int? tree = null) => e switch
    {
        KnownFailureException => e.Message,
        LinuxException { Errno: Errno.EPERM or Errno.EACCES } refused => $"{refused.Message}: {Permissions.Advice(refused, tree)}",
        LinuxException { Errno: Errno.ENOSPC or Errno.EDQUOT } full => $"{full.Message}: make room, or use a directory on a larger disk",
        LinuxException { Errno: Errno.EMFILE } or IOException { HResult: Errno.EMFILE } => $"{e.Message}: raise the limit of open files (ulimit -n), 64 are enough for any tree",
        LinuxException { Errno: Errno.ENFILE } many => $"{many.Message}: the whole machine has too many files open (sysctl fs.file-max)",
        LinuxException { Errno: Errno.EFBIG } large => $"{large.Message}: raise the limit of a file's size (ulimit -f), or use a file system "
            + "that takes larger files",
        LinuxException or IOException or UnauthorizedAccessException or InvalidDataException => e.Message,
        TypeInitializationException { InnerException: { } inner } => TryExplain(inner, tree),
        Win32Exception { NativeErrorCode: Errno.EAGAIN } => NoMoreThreads,
        OutOfMemoryException => "out of memory, or no more threads are allowed (ulimit -v, ulimit -u, the cgroup's limits)",
        _ => null,
    };

    /// <summary>The inputs that the user could change to mend it; none for a failure that is about no input.</summary>
    public static IReadOnlyList<Input> About(Exception e) => e switch
    {
        KnownFailureException known => known.About,
        LinuxException { Errno: Errno.ENOSPC or Errno.EDQUOT } => [RoundInput.ImagesDirectory],
        TypeInitializationException { InnerException: { } inner } => About(inner),
        _ => [],
    };
}
