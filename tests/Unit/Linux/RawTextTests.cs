using System.Text;
using CsCheck;
using PreDump.Core;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>Bytes in strings, and back.</summary>
public sealed class RawTextTests
{
    [Fact]
    public void Any_bytes_come_back() =>
        Gen.Byte.Array.Sample(bytes => RawText.Encode(RawText.Decode(bytes)).AsSpan().SequenceEqual(bytes));

    /// <summary>Whatever else is in it: the second surrogate of a character may look like an escaped byte.</summary>
    [Theory]
    [InlineData("plain")]
    [InlineData("\u00fc \u20ac \U0001f480")]
    public void Valid_text_is_itself(string text)
    {
        Assert.Equal(text, RawText.Decode(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(Encoding.UTF8.GetBytes(text), RawText.Encode(text));
        Assert.Equal(text, RawText.Printable(text));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'a', 0xe9 }, "a\\xe9")]
    [InlineData(new byte[] { 0xf0, 0x9f, 0x92, 0xff, (byte)'b' }, "\\xf0\\x9f\\x92\\xffb")]
    [InlineData(new byte[] { 0xf0, 0x9f, 0x92, 0x80, 0x80 }, "\U0001f480\\x80")]
    [InlineData(new byte[] { 0xed, 0xb2, 0x80 }, "\\xed\\xb2\\x80")] // a surrogate, which is no character
    public void What_is_not_UTF_8_is_shown_as_numbers(byte[] bytes, string shown)
    {
        Assert.Equal(shown, RawText.Printable(RawText.Decode(bytes)));
        Assert.Equal(shown, OneLine.Of(RawText.Decode(bytes)));
    }
}
