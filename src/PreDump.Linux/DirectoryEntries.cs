using System.Buffers.Binary;
using System.Buffers.Text;
using PreDump.Linux.Interop;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Reads the entries of an open directory, starting at its current position. See getdents64(2).</summary>
internal static unsafe class DirectoryEntries
{
    // struct linux_dirent64, offsets in bytes:
    //   0      8        16       18     19
    //   | ino  | offset | length | type | name, terminated by a zero
    private const int LengthAt = 16, NameAt = 19, BufferBytes = 8192;

    /// <summary>All names except <c>.</c> and <c>..</c>.</summary>
    /// <exception cref="LinuxException">The directory can't be read.</exception>
    public static List<string> Names(Fd directory)
    {
        var names = new List<string>();
        Span<byte> entries = stackalloc byte[BufferBytes];
        while (TryRead(directory, entries, out int got))
            for (int at = 0; at < got; at += LengthOf(entries[at..]))
                if (RawText.Decode(NameOf(entries[at..])) is not ("." or "..") and var name)
                    names.Add(name);
        return names;
    }

    /// <summary>Appends the names that are numbers. Allocates nothing but the list's growth.</summary>
    /// <exception cref="LinuxException">The directory can't be read.</exception>
    public static void Numbers(Fd directory, List<int> into)
    {
        Span<byte> entries = stackalloc byte[BufferBytes];
        while (TryRead(directory, entries, out int got))
            for (int at = 0; at < got; at += LengthOf(entries[at..]))
            {
                var name = NameOf(entries[at..]);
                if (Utf8Parser.TryParse(name, out int number, out int used) && used == name.Length)
                    into.Add(number);
            }
    }

    // False at the end, and for a /proc directory whose process has exited.
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
