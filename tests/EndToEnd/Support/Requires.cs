using System.Runtime.InteropServices;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>What a test requires from the machine. Each probe tries it, and skips the test with a reason if it fails.</summary>
internal static class Requires
{
    /// <summary>Debian's own interpreter; pycriu is installed only for it, not for others in the PATH.</summary>
    public const string DebianPython = "/usr/bin/python3";

    public static void Root() =>
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: page frame numbers, foreign processes, mounts");

    public static void Program(string file, string package) =>
        Assert.SkipUnless(File.Exists(file), $"needs {file} (package {package})");

    public static async Task PageOracle()
    {
        Root();
        Program(DebianPython, "python3");
        Assert.SkipUnless(File.Exists("/proc/self/pagemap"), "needs /proc/PID/pagemap (CONFIG_PROC_PAGE_MONITOR)");
        var pycriu = await Command.Run(DebianPython, ["-c", "import pycriu"]);
        Assert.SkipUnless(pycriu.ExitCode == 0, "needs pycriu (package criu)");
    }

    public static void ZeroPage()
    {
        Root();
        Assert.SkipWhen(Support.ZeroPage.Frame is null,
            "this kernel has no zero page: anonymous memory that was only read has pages of its own");
    }

    public static void NoZeroPage()
    {
        Root();
        Assert.SkipWhen(Support.ZeroPage.Frame is not null,
            "this kernel has the zero page: anonymous memory that was only read holds it");
    }

    public static void NoSoftDirty() =>
        Assert.SkipWhen(KernelTracksSoftDirty(), "this kernel tracks soft-dirty pages");

    // A kernel built without it may accept the 4 and do nothing: write to a page afterwards and check bit 55.
    private static unsafe bool KernelTracksSoftDirty()
    {
        const ulong SoftDirty = 1UL << 55;
        var page = (byte*)NativeMemory.AlignedAlloc((nuint)Mapping.PageSize, (nuint)Mapping.PageSize);
        try
        {
            *page = 1;
            File.WriteAllText("/proc/self/clear_refs", "4");
            *page = 2;
            ulong entry = 0;
            using var pagemap = File.OpenHandle("/proc/self/pagemap", share: FileShare.ReadWrite);
            Oracle.ReadWhole(pagemap, MemoryMarshal.AsBytes(new Span<ulong>(ref entry)),
                (ulong)page / Mapping.PageSize * sizeof(ulong));
            return (entry & SoftDirty) != 0;
        }
        catch (IOException)
        {
            return false;
        }
        finally
        {
            NativeMemory.AlignedFree(page);
        }
    }
}
