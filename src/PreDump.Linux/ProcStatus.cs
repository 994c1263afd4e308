using System.Buffers.Text;
using System.Text;

namespace PreDump.Linux;

/// <summary>What /proc/TID/status tells of a task (proc(5)).</summary>
public sealed record ProcStatus
{
    /// <summary>The command's name, up to 15 bytes, with the kernel's escapes.</summary>
    public string Name { get; private init; } = "";

    /// <summary>R, S, D, T, t, Z, X or I.</summary>
    public char State { get; private init; }

    /// <summary>The process that the thread belongs to.</summary>
    public int Tgid { get; private init; }

    /// <summary>The parent process.</summary>
    public int PPid { get; private init; }

    /// <summary>The tracer's pid; 0 for none.</summary>
    public int TracerPid { get; private init; }

    /// <summary>The pid in the task's innermost pid namespace: the number that CRIU names its images by.</summary>
    public int InnermostPid { get; private init; }

    /// <summary>The real user id.</summary>
    public int Uid { get; private init; }

    /// <summary>Memory that is in no file, swapped included, in bytes: about what a first pre-dump copies.</summary>
    public ulong AnonymousBytes { get; private init; }

    /// <summary>False for a kernel thread and for a zombie: neither has memory.</summary>
    public bool HasMemory { get; private init; }

    /// <summary>The signals that are ignored (SigIgn): bit 0 is signal 1.</summary>
    public ulong IgnoredSignals { get; private init; }

    /// <summary>The capabilities in effect (CapEff): bit 0 is CAP_CHOWN.</summary>
    public ulong EffectiveCapabilities { get; private init; }

    /// <summary>Whether the task has a capability in effect.</summary>
    public bool Has(Capability capability) => (EffectiveCapabilities >> (int)capability & 1) != 0;

    /// <summary>Our own; null where /proc is not that of our pid namespace.</summary>
    public static ProcStatus? OfOurselves() => ProcFs.TryRead("/proc/self/status", static text => text.IsEmpty ? null : Parse(text));

    /// <summary>Null where there is no such task.</summary>
    public static ProcStatus? TryRead(int tid) => ProcFs.TryRead(ProcFs.Path(tid, "status"), static text => text.IsEmpty ? null : Parse(text));

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
        };
    }

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        foreach (var line in text.Split((byte)'\n'))
            if (text[line].StartsWith(name))
                return text[line][name.Length..].Trim(" \t"u8);
        return default;
    }

    // The first one, of several.
    private static int Number(ReadOnlySpan<byte> value) => Utf8Parser.TryParse(value, out int number, out _) ? number : 0;

    private static ulong Mask(ReadOnlySpan<byte> value) => Utf8Parser.TryParse(value, out ulong mask, out _, 'x') ? mask : 0;

    private static ulong Kilobytes(ReadOnlySpan<byte> value) => Utf8Parser.TryParse(value, out ulong kilobytes, out _) ? kilobytes * 1024 : 0;
}
