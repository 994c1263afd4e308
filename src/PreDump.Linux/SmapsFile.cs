using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Reads /proc/PID/smaps, for which the kernel walks the page tables of each VMA. See proc_pid_smaps(5).</summary>
internal static class SmapsFile
{
    /// <summary>Parses all complete lines of a text; returns the rest, which is passed again with what follows it.</summary>
    public delegate ReadOnlySpan<byte> Parser(ReadOnlySpan<byte> text);

    /// <summary>Reads the file to its end; does nothing if the task has gone.</summary>
    /// <exception cref="LinuxException">The file can't be read.</exception>
    public static void Read(int tid, Parser parse)
    {
        using var fd = ProcFs.OpenUnlessGone(ProcFs.Path(tid, "smaps"), O_RDONLY);
        if (fd is null)
            return;
        using var buffer = new NativeBuffer(256 * 1024);
        int held = 0, got;
        while ((got = fd.TryRead(buffer.Span[held..])) > 0)
        {
            held += got;
            var rest = parse(buffer.Span[..held]);
            rest.CopyTo(buffer.Span);
            held = rest.Length;
        }
        if (got < 0 && errno != ESRCH)
            throw fd.Failed("read");
    }
}
