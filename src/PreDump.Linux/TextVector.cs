using System.Runtime.InteropServices;

namespace PreDump.Linux;

/// <summary>A null-terminated array of C strings, as execve(2) takes it.</summary>
internal sealed unsafe class TextVector : IDisposable
{
    private readonly int _count;

    public TextVector(IReadOnlyList<string> texts)
    {
        _count = texts.Count;
        Texts = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < _count; i++)
            Texts[i] = Copy(RawText.Encode(texts[i]));
    }

    public byte** Texts { get; }

    private static byte* Copy(byte[] text)
    {
        var copy = (byte*)NativeMemory.AllocZeroed((nuint)text.Length + 1); // with its terminating zero
        text.CopyTo(new Span<byte>(copy, text.Length));
        return copy;
    }

    public void Dispose()
    {
        for (int i = 0; i < _count; i++)
            NativeMemory.Free(Texts[i]);
        NativeMemory.Free(Texts);
    }
}
