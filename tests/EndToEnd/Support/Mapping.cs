using System.Globalization;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>One mapping as /proc/PID/smaps shows it.</summary>
internal sealed record Mapping(ulong Start, ulong End, string Protection, string Name, HashSet<string> Flags)
{
    public const ulong PageSize = 4096;

    public ulong Pages => (End - Start) / PageSize;

    public bool IsOfFile => Name.StartsWith('/');

    public override string ToString() => $"{Start:x}-{End:x} {Protection} {Name}";

    public static List<Mapping> Of(int pid)
    {
        var mappings = new List<Mapping>();
        foreach (var line in File.ReadLines($"/proc/{pid}/task/{ProcessView.ThreadWithMemory(pid)}/smaps"))
            if (line.StartsWith("VmFlags:", StringComparison.Ordinal))
                mappings[^1].Flags.UnionWith(line[8..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
            else if (char.IsAsciiHexDigitLower(line[0]))
                mappings.Add(Head(line));
        return mappings;
    }

    private static Mapping Head(string line)
    {
        // start-end perms offset dev inode   name
        var fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        var dash = fields[0].IndexOf('-');
        return new Mapping(Hex(fields[0][..dash]), Hex(fields[0][(dash + 1)..]), fields[1],
            fields.Length > 5 ? fields[5].Trim() : "", []);
    }

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
