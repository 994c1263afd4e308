using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using PreDump.Linux.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Small files of /proc, by pid or tid (proc(5)).</summary>
public static class ProcFs
{
    /// <summary>"/proc/PID/FILE".</summary>
    public static string Path(int pid, string file) => $"/proc/{pid}/{file}";

    /// <summary>Whether it was mounted for our pid namespace; of another one the numbers name other processes than ptrace(2)'s do.</summary>
    internal static bool IsOurs() => new FileInfo("/proc/self").LinkTarget == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether there is a process that /proc does not show to this user (its mount option hidepid).</summary>
    internal static bool Hides(int pid)
    {
        for (int tries = 0; tries < 20; tries++) // while a thread of it runs exec it may be out of sight for a moment
        {
            if (ProcStatus.TryRead(pid) is not null || (kill(pid, 0) != 0 && errno == ESRCH))
                return false;
            FreezeThread.Pause(500);
        }
        return true;
    }

    /// <summary>Opens a file; null where there is none, or its task has gone.</summary>
    /// <exception cref="LinuxException">It can't be opened for another reason: a task that we can't look at is not one that is gone.</exception>
    internal static Fd? OpenUnlessGone(string path, int flags)
    {
        var fd = Fd.TryOpen(path, flags, out int error);
        return fd is not null || error is Errno.ENOENT or Errno.ESRCH ? fd : throw new LinuxException("open", path, error);
    }

    /// <summary>The whole of a small file as text; null where there is none, its task has gone, or this user may not read it.</summary>
    /// <exception cref="LinuxException">It can't be read for another reason.</exception>
    public static string? TryReadText(string path) => TryRead(path, Encoding.UTF8.GetString);

    /// <summary>What a parser makes of a small file; null where there is none, its task has gone, or this user may not read it.</summary>
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

    /// <summary>The state letter of /proc/TID/stat (R, S, D, T, t, Z, X, I); '\0' where there is no such task. No garbage.</summary>
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
        var rest = length <= 0 ? default : BehindComm(stat[..length]);
        return rest.IsEmpty ? '\0' : (char)rest[0];
    }

    /// <summary>When the task started, in clock ticks since boot (field 22 of stat); 0 where there is no such task.</summary>
    public static ulong StartTime(int tid)
    {
        Span<byte> stat = stackalloc byte[1024];
        return StartTimeOf(StatBehindComm(tid, stat));
    }

    /// <summary>Field 22 of what stands behind the name, which is fields 3 and on.</summary>
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

    /// <summary>Microseconds since boot, of the clock that tasks' start times are of (clock_gettime(2), CLOCK_BOOTTIME). CRIU reads it in
    /// /proc/uptime, which a container may be shown another one of.</summary>
    public static unsafe ulong UptimeMicroseconds()
    {
        const int CLOCK_BOOTTIME = 7;
        long* now = stackalloc long[2]; // seconds and nanoseconds
        _ = LibCExtra.clock_gettime(CLOCK_BOOTTIME, now);
        return ((ulong)now[0] * 1_000_000) + ((ulong)now[1] / 1000);
    }

    /// <summary>A number of this boot of the machine (random(4)); none where it can't be read.</summary>
    public static Guid BootId() => Guid.TryParse(TryReadText("/proc/sys/kernel/random/boot_id"), out var boot) ? boot : default;

    /// <summary>The threads of a process, in the kernel's order; empty where it has gone.</summary>
    public static List<int> Threads(int pid)
    {
        var tids = new List<int>();
        using var directory = OpenUnlessGone(Path(pid, "task"), O_RDONLY | O_DIRECTORY);
        if (directory is not null)
            DirectoryEntries.Numbers(directory, tids);
        return tids;
    }

    /// <summary>The processes that a thread has forked and not yet reaped (/proc/PID/task/TID/children, CONFIG_PROC_CHILDREN).</summary>
    public static List<int> Children(int pid, int tid) => TryRead($"/proc/{pid}/task/{tid}/children", PidsIn) ?? [];

    /// <summary>The numbers of a list with blanks between them.</summary>
    internal static List<int> PidsIn(ReadOnlySpan<byte> text)
    {
        var pids = new List<int>();
        foreach (var part in text.Split((byte)' '))
            if (Utf8Parser.TryParse(text[part], out int pid, out int used) && used == text[part].Length && pid > 0)
                pids.Add(pid);
        return pids;
    }

    // What stands behind "PID (comm) ": comm may hold blanks and brackets, so its end is the last ')'.
    private static ReadOnlySpan<byte> StatBehindComm(int tid, Span<byte> buffer)
    {
        using var fd = OpenUnlessGone(Path(tid, "stat"), O_RDONLY);
        if (fd is null)
            return default;
        int length = fd.TryRead(buffer);
        if (length < 0 && errno != ESRCH)
            throw fd.Failed("read");
        return length <= 0 ? default : BehindComm(buffer[..length]);
    }

    internal static ReadOnlySpan<byte> BehindComm(ReadOnlySpan<byte> stat)
    {
        int comm = stat.LastIndexOf((byte)')');
        return comm < 0 || comm + 2 >= stat.Length ? default : stat[(comm + 2)..];
    }

    /// <summary>Makes something of a file's text.</summary>
    internal delegate T? Parser<out T>(ReadOnlySpan<byte> text);
}
