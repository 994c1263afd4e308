using System.Globalization;

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

    /// <summary>CapEff as a bit mask.</summary>
    public ulong EffectiveCapabilities { get; private init; }

    /// <summary>Null where there is no such task.</summary>
    public static ProcStatus? TryRead(int tid) => ProcFs.TryReadText(ProcFs.Path(tid, "status")) is { Length: > 0 } text ? Parse(text) : null;

    /// <summary>Parses the file's text.</summary>
    internal static ProcStatus Parse(string text)
    {
        string Field(string name)
        {
            int at = text.StartsWith(name, StringComparison.Ordinal) ? 0 : text.IndexOf("\n" + name, StringComparison.Ordinal) + 1;
            if (at == 0 && !text.StartsWith(name, StringComparison.Ordinal))
                return "";
            int end = text.IndexOf('\n', at);
            return text[(at + name.Length)..(end < 0 ? text.Length : end)].Trim();
        }
        int Number(string value) => int.TryParse(value.Split('\t')[0], NumberStyles.Integer, CultureInfo.InvariantCulture, out int n) ? n : 0;
        ulong Kilobytes(string name) => ulong.TryParse(Field(name).Split(' ')[0], out ulong kb) ? kb * 1024 : 0;

        return new ProcStatus
        {
            Name = Field("Name:"),
            State = Field("State:") is { Length: > 0 } state ? state[0] : '\0',
            Tgid = Number(Field("Tgid:")),
            PPid = Number(Field("PPid:")),
            TracerPid = Number(Field("TracerPid:")),
            InnermostPid = Field("NSpid:") is { Length: > 0 } ns ? Number(ns.Split('\t')[^1]) : Number(Field("Pid:")),
            Uid = Number(Field("Uid:")),
            AnonymousBytes = Kilobytes("RssAnon:") + Kilobytes("VmSwap:"),
            HasMemory = Field("VmSize:").Length > 0,
            EffectiveCapabilities = ulong.TryParse(Field("CapEff:"), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong caps) ? caps : 0,
        };
    }
}
