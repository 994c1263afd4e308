using System.Buffers.Text;
using System.Text;

namespace PreDump.Linux;

/// <summary>The fields of /proc/TID/status that predump uses. See proc_pid_status(5).</summary>
public sealed record ProcStatus
{
    /// <summary>The command's name, up to 15 bytes, with the kernel's escapes.</summary>
    public string Name { get; private init; } = "";

    /// <summary>The state letter: R, S, D, T, t, Z, X or I.</summary>
    public char State { get; private init; }

    /// <summary>The process that the thread belongs to.</summary>
    public int Tgid { get; private init; }

    /// <summary>The parent process; 0 for none.</summary>
    public int PPid { get; private init; }

    /// <summary>The tracer's tid; 0 for none.</summary>
    public int TracerPid { get; private init; }

    /// <summary>The pid in the task's innermost pid namespace: CRIU uses it in the names of images.</summary>
    public int InnermostPid { get; private init; }

    /// <summary>The real user id.</summary>
    public int Uid { get; private init; }

    /// <summary>Anonymous memory in bytes, including swap: about what a first pre-dump copies.</summary>
    public ulong AnonymousBytes { get; private init; }

    /// <summary>False for kernel threads and zombies, which have no memory.</summary>
    public bool HasMemory { get; private init; }

    /// <summary>The ignored signals (SigIgn): bit N-1 stands for signal N.</summary>
    public ulong IgnoredSignals { get; private init; }

    /// <summary>The effective capabilities (CapEff): bit N stands for capability N.</summary>
    public ulong EffectiveCapabilities { get; private init; }

    /// <summary>How often the thread has given up the processor by itself, which begins a sleep.</summary>
    public long VoluntarySwitches { get; private init; }

    /// <summary>Whether a seccomp filter may refuse system calls to the task.</summary>
    public bool HasSeccompFilter { get; private init; }

    /// <summary>Whether a capability is in the task's effective set.</summary>
    public bool Has(Capability capability) => (EffectiveCapabilities >> (int)capability & 1) != 0;

    /// <summary>Reads predump's own status; null if /proc does not belong to its pid namespace.</summary>
    public static ProcStatus? OfOurselves() => TryReadFile("/proc/self/status");

    /// <summary>Reads a task's status; null if there is no such task, or /proc hides it.</summary>
    /// <exception cref="LinuxException">It can't be read for another reason.</exception>
    public static ProcStatus? TryRead(int tid) => TryReadFile(ProcFs.Path(tid, "status"));

    /// <summary>Parses the file's text.</summary>
    internal static ProcStatus Parse(ReadOnlySpan<byte> text)
    {
        var state = Field(text, "State:"u8);
        var pids = Field(text, "NSpid:"u8);
        return new ProcStatus
        {
            Name = Encoding.UTF8.GetString(Field(text, "Name:"u8)),
            State = state.IsEmpty ? '\0' : (char)state[0],
            Tgid = Number(Field(text, "Tgid:"u8)),
            PPid = Number(Field(text, "PPid:"u8)),
            TracerPid = Number(Field(text, "TracerPid:"u8)),
            InnermostPid = Number(pids.IsEmpty ? Field(text, "Pid:"u8) : pids[(pids.LastIndexOf((byte)'\t') + 1)..]),
            Uid = Number(Field(text, "Uid:"u8)),
            AnonymousBytes = Kilobytes(Field(text, "RssAnon:"u8)) + Kilobytes(Field(text, "VmSwap:"u8)),
            HasMemory = !Field(text, "VmSize:"u8).IsEmpty,
            IgnoredSignals = Mask(Field(text, "SigIgn:"u8)),
            EffectiveCapabilities = Mask(Field(text, "CapEff:"u8)),
            VoluntarySwitches = Number(Field(text, "voluntary_ctxt_switches:"u8)),
            HasSeccompFilter = Number(Field(text, "Seccomp:"u8)) == 2,
        };
    }

    private static ProcStatus? TryReadFile(string path) =>
        ProcFs.TryRead(path, static text => text.IsEmpty ? null : Parse(text));

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        foreach (var line in text.Split((byte)'\n'))
            if (text[line].StartsWith(name))
                return text[line][name.Length..].Trim(" \t"u8);
        return default;
    }

    // The first number, if there are several.
    private static int Number(ReadOnlySpan<byte> value) => Utf8Parser.TryParse(value, out int number, out _) ? number : 0;

    private static ulong Mask(ReadOnlySpan<byte> value) => Utf8Parser.TryParse(value, out ulong mask, out _, 'x') ? mask : 0;

    private static ulong Kilobytes(ReadOnlySpan<byte> value) =>
        Utf8Parser.TryParse(value, out ulong kilobytes, out _) ? kilobytes * 1024 : 0;
}
