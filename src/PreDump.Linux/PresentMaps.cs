namespace PreDump.Linux;

/// <summary>The maps that a running task has now, which need not be those of the freeze.</summary>
public static class PresentMaps
{
    private const int ExpectedBytes = 64 * 1024;

    /// <summary>Whether an address is mapped now; false if the task has gone.</summary>
    /// <param name="tid">The task.</param>
    /// <param name="address">The address.</param>
    /// <param name="until">The first address above it for which the answer differs.</param>
    /// <exception cref="LinuxException">The maps can't be read.</exception>
    public static bool Has(int tid, ulong address, out ulong until)
    {
        until = ulong.MaxValue;
        using var fd = ProcFs.TryOpen(tid, "maps");
        if (fd is null)
            return false;
        using var arena = new MapsArena(ExpectedBytes);
        return Has(arena[arena.Read(fd)], address, out until);
    }

    /// <summary>The same for the raw text of a maps file.</summary>
    internal static bool Has(ReadOnlySpan<byte> text, ulong address, out ulong until)
    {
        var maps = new MapsReader(text);
        while (maps.TryRead(out var vma))
        {
            if (vma.End <= address)
                continue;
            bool has = vma.Start <= address;
            until = has ? vma.End : vma.Start;
            return has;
        }
        until = ulong.MaxValue;
        return false;
    }
}
