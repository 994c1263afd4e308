using System.Text;
using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Escapes untrusted text, such as the name of a dumped process or of its files, for a terminal or a log.</summary>
public static class OneLine
{
    /// <summary>The text with each control character, and each byte that is not UTF-8, replaced by \xNN.</summary>
    public static string Of(string text)
    {
        text = RawText.Printable(text);
        if (!text.AsSpan().ContainsAnyInRange('\0', '\x1f') && !text.AsSpan().ContainsAnyInRange('\x7f', '\x9f'))
            return text;
        var line = new StringBuilder();
        foreach (char c in text)
            if (char.IsControl(c))
                line.Append($"\\x{(int)c:x2}");
            else
                line.Append(c);
        return line.ToString();
    }
}
