using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using PreDump.Linux.Interop;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The entries of an open directory, from its position on (getdents64(2)).</summary>
internal static unsafe class DirectoryEntries
{
    // struct linux_dirent64: ino 8 bytes, offset 8, length 2, type 1, name
    private const int LengthAt = 16, NameAt = 19, BufferBytes = 8192;

    /// <summary>All names but <c>.</c> and <c>..</c>.</summary>
    public static List<string> Names(Fd directory)
    {
        var names = new List<string>();
        Span<byte> entries = stackalloc byte[BufferBytes];
        while (TryRead(directory, entries, out int got))
            for (int at = 0; at < got; at += LengthOf(entries[at..]))
                if (Encoding.UTF8.GetString(NameOf(entries[at..])) is not ("." or "..") and var name)
                    names.Add(name);
        return names;
    }

    /// <summary>Adds those that are numbers. No garbage but the list's.</summary>
    public static void Numbers(Fd directory, List<int> into)
    {
        Span<byte> entries = stackalloc byte[BufferBytes];
        while (TryRead(directory, entries, out int got))
            for (int at = 0; at < got; at += LengthOf(entries[at..]))
                if (NameOf(entries[at..]) is var name && Utf8Parser.TryParse(name, out int number, out int used) && used == name.Length)
                    into.Add(number);
    }

    // False at the end, and where the process whose directory it is has gone.
    private static bool TryRead(Fd directory, Span<byte> entries, out int got)
    {
        fixed (byte* p = entries)
            got = (int)LibCExtra.getdents64(directory.Number, p, (nuint)entries.Length);
        if (got < 0 && errno is var error && error != ENOENT && error != ESRCH)
            throw directory.Failed("getdents64");
        return got > 0;
    }

    private static int LengthOf(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadUInt16LittleEndian(entry[LengthAt..]);

    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> entry)
    {
        var name = entry[NameAt..LengthOf(entry)];
        return name[..name.IndexOf((byte)0)];
    }
}
