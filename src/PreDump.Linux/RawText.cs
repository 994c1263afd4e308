using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace PreDump.Linux;

/// <summary>File names are bytes, mostly of UTF-8 but not always. In a string a byte that is not UTF-8 becomes a single low
/// surrogate, U+DC80 for 0x80 to U+DCFF for 0xff, which no valid text has; on its way to the kernel it becomes that byte again.
/// (Python's surrogateescape, PEP 383, is the same.)</summary>
public static class RawText
{
    private const char First = '\uDC80', Last = '\uDCFF', Zero = '\uDC00';

    /// <summary>The string for these bytes.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes);
        var text = new StringBuilder();
        Span<char> pair = stackalloc char[2];
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out int used) == OperationStatus.Done)
                text.Append(pair[..rune.EncodeToUtf16(pair)]);
            else
                foreach (byte raw in bytes[..used])
                    text.Append((char)(Zero + raw));
            bytes = bytes[used..];
        }
        return text.ToString();
    }

    /// <summary>The bytes of a string.</summary>
    public static byte[] Encode(string text)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        return bytes[..Encode(text, bytes)];
    }

    /// <summary>Writes the bytes of a string; returns their number. Allocates nothing.</summary>
    /// <param name="text">The string.</param>
    /// <param name="bytes">Room for <see cref="Encoding.GetMaxByteCount(int)"/> of UTF-8.</param>
    public static int Encode(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        if (!text.ContainsAnyInRange(First, Last))
            return Encoding.UTF8.GetBytes(text, bytes);
        int length = 0;
        while (!text.IsEmpty)
        {
            bool isRaw = Rune.DecodeFromUtf16(text, out var rune, out int used) != OperationStatus.Done && IsRaw(text[0]);
            if (isRaw)
                bytes[length++] = (byte)(text[0] - Zero);
            else
                length += rune.EncodeToUtf8(bytes[length..]);
            text = text[used..];
        }
        return length;
    }

    /// <summary>The same text for people and for JSON: each byte that is not UTF-8 is shown as \xNN.</summary>
    public static string Printable(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange(First, Last))
            return text;
        var line = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
            if (IsRaw(text[i]) && (i == 0 || !char.IsHighSurrogate(text[i - 1])))
                line.Append($"\\x{text[i] - Zero:x2}");
            else
                line.Append(text[i]);
        return line.ToString();
    }

    private static bool IsRaw(char c) => c is >= First and <= Last;
}
