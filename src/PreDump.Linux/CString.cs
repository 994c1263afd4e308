using System.Text;

namespace PreDump.Linux;

/// <summary>Strings as the kernel takes them: bytes (<see cref="RawText"/>) with a terminating zero; short ones allocate
/// nothing.</summary>
internal static class CString
{
    /// <summary>The length of a caller's buffer, in bytes. Longer strings go to the heap.</summary>
    public const int MaxLength = 512;

    /// <summary>Encodes a string with its terminating zero, into the buffer if it fits.</summary>
    public static ReadOnlySpan<byte> Terminated(string text, Span<byte> buffer)
    {
        if (Encoding.UTF8.GetMaxByteCount(text.Length) < buffer.Length)
        {
            int length = RawText.Encode(text, buffer);
            buffer[length] = 0;
            return buffer[..(length + 1)];
        }
        return RawText.Encode(text + '\0');
    }
}
