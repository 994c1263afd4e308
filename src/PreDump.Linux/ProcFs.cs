using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using PreDump.Linux.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Reads small files of /proc by pid or tid. See proc(5).</summary>
public static class ProcFs
{
    /// <summary>The path "/proc/PID/FILE".</summary>
    public static string Path(int pid, string file) => $"/proc/{pid}/{file}";

    /// <summary>Whether /proc belongs to predump's pid namespace. If not, its pids differ from those that system calls
    /// take.</summary>
    internal static bool IsOurs() => TryReadText("/proc/self/stat")
        ?.StartsWith(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} "), StringComparison.Ordinal) == true;

    /// <summary>Whether a process exists that /proc hides from this user (mount option hidepid).</summary>
    internal static bool Hides(int pid)
    {
        for (int tries = 0; tries < 20; tries++) // a process can vanish briefly while one of its threads calls exec
        {
            if (ProcStatus.TryRead(pid) is not null || (kill(pid, 0) != 0 && errno == ESRCH))
                return false;
            FreezeThread.Pause(500);
        }
        return true;
    }

    /// <summary>Opens a file of a task for reading; null if the task has gone, or if it is not permitted.</summary>
    public static Fd? TryOpen(int pid, string file) => Fd.TryOpen(Path(pid, file), O_RDONLY, out _);

    /// <summary>Opens a file; null if it does not exist or its task has gone.</summary>
    /// <exception cref="LinuxException">It can't be opened for another reason, EACCES for example.</exception>
    internal static Fd? OpenUnlessGone(string path, int flags)
    {
        var fd = Fd.TryOpen(path, flags, out int error);
        return fd is not null || error is Errno.ENOENT or Errno.ESRCH ? fd : throw new LinuxException("open", path, error);
    }

    /// <summary>The complete text of a small file; null if it does not exist, its task has gone, or this user may not read
    /// it.</summary>
    /// <exception cref="LinuxException">It can't be read for another reason.</exception>
    public static string? TryReadText(string path) => TryRead(path, Encoding.UTF8.GetString);

    /// <summary>Reads and parses a small file; null if it does not exist, its task has gone, or this user may not read
    /// it.</summary>
    /// <exception cref="LinuxException">It can't be read for another reason.</exception>
    internal static T? TryRead<T>(string path, Parser<T> parse) where T : class
    {
        using var fd = Fd.TryOpen(path, O_RDONLY, out int error);
        if (fd is null)
            return error is Errno.ENOENT or Errno.ESRCH or Errno.ENOTDIR or Errno.EACCES or Errno.EPERM
                ? null : throw new LinuxException("open", path, error);
        Span<byte> text = stackalloc byte[4096];
        int length = 0, got;
        while ((got = fd.TryRead(text[length..])) > 0)
            if ((length += got) == text.Length)
                text = Doubled(text);
        if (got < 0 && errno is var failed && failed != ESRCH && failed != EACCES && failed != EPERM)
            throw fd.Failed("read");
        return got < 0 ? null : parse(text[..length]);

        static Span<byte> Doubled(Span<byte> full)
        {
            var larger = new byte[full.Length * 2];
            full.CopyTo(larger);
            return larger;
        }
    }

    /// <summary>The number of pages of a task that are in memory; 0 if there is no such task. See proc_pid_statm(5).</summary>
    public static ulong ResidentPages(int pid) =>
        TryReadText(Path(pid, "statm"))?.Split(' ') is [_, var pages, ..] && ulong.TryParse(pages, out ulong number) ? number : 0;

    /// <summary>The kernel's release, as uname(1) -r prints it. See proc_sys_kernel(5).</summary>
    public static string KernelRelease => TryReadText("/proc/sys/kernel/osrelease")?.Trim() ?? "";

    /// <summary>A task's state letter (R, S, D, T, t, Z, X, I); '\0' if there is no such task. Allocates nothing, because it is
    /// called in the freeze. See proc_pid_stat(5).</summary>
    /// <exception cref="LinuxException">The file can't be read for another reason.</exception>
    public static unsafe char State(int tid)
    {
        Span<byte> path = stackalloc byte[32], stat = stackalloc byte[1024];
        _ = Utf8.TryWrite(path, $"/proc/{tid}/stat\0", out _);
        int length, error;
        fixed (byte* at = path, to = stat)
        {
            int fd = open(at, O_RDONLY | O_CLOEXEC, default);
            length = fd < 0 ? -1 : (int)read(fd, to, (size_t)(ulong)stat.Length);
            error = errno;
            if (fd >= 0)
                _ = close(fd);
        }
        if (length < 0 && error != ENOENT && error != ESRCH)
            throw new LinuxException("read", Path(tid, "stat"), error);
        var rest = length <= 0 ? default : AfterComm(stat[..length]);
        return rest.IsEmpty ? '\0' : (char)rest[0];
    }

    /// <summary>When the task started, in clock ticks since boot; 0 if there is no such task. See proc_pid_stat(5), field
    /// 22.</summary>
    /// <exception cref="LinuxException">The file can't be read for another reason.</exception>
    public static ulong StartTime(int tid)
    {
        Span<byte> stat = stackalloc byte[1024];
        return StartTimeOf(StatAfterComm(tid, stat));
    }

    /// <summary>Parses field 22 of a stat file, given its text from field 3 on; 0 if it is missing.</summary>
    internal static ulong StartTimeOf(ReadOnlySpan<byte> rest)
    {
        for (int field = 3; field < 22; field++)
        {
            int blank = rest.IndexOf((byte)' ');
            if (blank < 0)
                return 0;
            rest = rest[(blank + 1)..];
        }
        return Utf8Parser.TryParse(rest, out ulong ticks, out _) ? ticks : 0;
    }

    /// <summary>Microseconds since boot, on the clock of tasks' start times. See clock_gettime(2), CLOCK_BOOTTIME. CRIU reads
    /// /proc/uptime instead, which may show a different time inside a container.</summary>
    public static unsafe ulong UptimeMicroseconds()
    {
        const int CLOCK_BOOTTIME = 7;
        long* now = stackalloc long[2]; // seconds and nanoseconds
        _ = LibCExtra.clock_gettime(CLOCK_BOOTTIME, now);
        return ((ulong)now[0] * 1_000_000) + ((ulong)now[1] / 1000);
    }

    /// <summary>The identifier of the machine's current boot; <see cref="Guid.Empty"/> if it can't be read. See
    /// random(4).</summary>
    public static Guid BootId() => Guid.TryParse(TryReadText("/proc/sys/kernel/random/boot_id"), out var boot) ? boot : default;

    /// <summary>The tids of a process, in the kernel's order; empty if it has gone. See proc_pid_task(5).</summary>
    /// <exception cref="LinuxException">They can't be read for another reason.</exception>
    public static List<int> Threads(int pid)
    {
        if (ThreadCount(pid) == 1)
            return [pid]; // the leader, since a process has it until its last thread has ended; listing takes twice as long
        var tids = new List<int>();
        using var directory = OpenUnlessGone(Path(pid, "task"), O_RDONLY | O_DIRECTORY);
        if (directory is not null)
            DirectoryEntries.Numbers(directory, tids);
        return tids;
    }

    // The links of /proc/PID/task count the directories in it, one for each thread, and itself twice. 0 if it can't be asked.
    private static unsafe int ThreadCount(int pid)
    {
        Span<byte> path = stackalloc byte[32];
        _ = Utf8.TryWrite(path, $"/proc/{pid}/task\0", out _);
        stat status;
        fixed (byte* at = path)
            return LibC.stat(at, &status) == 0 ? (int)(ulong)status.st_nlink - 2 : 0;
    }

    /// <summary>The child processes that a thread has forked and not yet reaped; null if the thread has gone, or if the kernel
    /// lacks these files (CONFIG_PROC_CHILDREN). See proc_tid_children(5).</summary>
    public static List<int>? Children(int pid, int tid) => TryRead($"/proc/{pid}/task/{tid}/children", PidsIn);

    /// <summary>The pids of all processes that this user may see.</summary>
    /// <exception cref="LinuxException">/proc can't be read.</exception>
    public static List<int> Processes()
    {
        var pids = new List<int>();
        using var directory = Fd.Open("/proc", O_RDONLY | O_DIRECTORY);
        DirectoryEntries.Numbers(directory, pids);
        return pids;
    }

    /// <summary>The parent's pid; 0 if there is none, or no such process. See proc_pid_stat(5), field 4.</summary>
    /// <exception cref="LinuxException">The file can't be read for another reason.</exception>
    public static int ParentOf(int pid)
    {
        Span<byte> stat = stackalloc byte[1024];
        return ParentIn(StatAfterComm(pid, stat));
    }

    /// <summary>Parses field 4 of a stat file, given its text from field 3 on; 0 if it is missing.</summary>
    internal static int ParentIn(ReadOnlySpan<byte> rest) =>
        rest.Length > 2 && Utf8Parser.TryParse(rest[2..], out int parent, out _) ? parent : 0;

    /// <summary>Parses a list of pids separated by blanks.</summary>
    internal static List<int> PidsIn(ReadOnlySpan<byte> text)
    {
        var pids = new List<int>();
        foreach (var part in text.Split((byte)' '))
            if (Utf8Parser.TryParse(text[part], out int pid, out int used) && used == text[part].Length && pid > 0)
                pids.Add(pid);
        return pids;
    }

    // The text after "PID (comm) ", which begins with field 3; empty if the task has gone.
    private static ReadOnlySpan<byte> StatAfterComm(int tid, Span<byte> buffer)
    {
        using var fd = OpenUnlessGone(Path(tid, "stat"), O_RDONLY);
        if (fd is null)
            return default;
        int length = fd.TryRead(buffer);
        if (length < 0 && errno != ESRCH)
            throw fd.Failed("read");
        return length <= 0 ? default : AfterComm(buffer[..length]);
    }

    /// <summary>The part of a stat file after "PID (comm) ". comm may contain blanks and parentheses, so it ends at the last
    /// ')'.</summary>
    internal static ReadOnlySpan<byte> AfterComm(ReadOnlySpan<byte> stat)
    {
        int comm = stat.LastIndexOf((byte)')');
        return comm < 0 || comm + 2 >= stat.Length ? default : stat[(comm + 2)..];
    }

    /// <summary>Parses the text of a file.</summary>
    internal delegate T? Parser<out T>(ReadOnlySpan<byte> text);
}
