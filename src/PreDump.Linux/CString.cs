using System.Text;

namespace PreDump.Linux;

/// <summary>Names as the kernel takes them: UTF-8 with a zero behind, without garbage for short ones.</summary>
internal static class CString
{
    public const int MaxLength = 512;

    public static ReadOnlySpan<byte> Terminated(string text, Span<byte> buffer)
    {
        if (Encoding.UTF8.GetMaxByteCount(text.Length) < buffer.Length)
        {
            int length = Encoding.UTF8.GetBytes(text, buffer);
            buffer[length] = 0;
            return buffer[..(length + 1)];
        }
        return Encoding.UTF8.GetBytes(text + '\0');
    }
}
