namespace PreDump.Linux;

/// <summary>Which signals predump was started with as ignored ones. Linux does not tell of a signal that the runtime has ignored
/// before any code of ours ran, which is SIGPIPE. A parent that is a C program hands its own on; those that take care of it (Go,
/// Python) hand on none.</summary>
internal static class IgnoredSignals
{
    /// <summary>Whether a signal that the runtime ignores was ignored before, too.</summary>
    public static bool Inherited(int signal)
    {
        if (ProcStatus.OfOurselves() is not { } self || ProcStatus.TryRead(self.PPid) is not { } parent)
            return false;
        ulong bit = 1UL << (signal - 1), others = parent.IgnoredSignals & ~bit;
        return (parent.IgnoredSignals & bit) != 0 && (others & ~self.IgnoredSignals) == 0;
    }
}
