using PreDump.Linux;

namespace PreDump.PageServer.Wire;

/// <summary>A stretch of a client's messages and pages, until the server has taken it.</summary>
internal sealed class SentFrame : IDisposable
{
    private readonly NativeBuffer _buffer = new(FrameHead.MostInStreams);

    /// <summary>Its number, from 0.</summary>
    public ulong Number { get; set; }

    /// <summary>Its length in bytes.</summary>
    public int Length { get; set; }

    /// <summary>Room for as many bytes as it may have.</summary>
    public Span<byte> Room => _buffer.Span[..FrameHead.MostInStreams];

    /// <summary>Its bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.Span[..Length];

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}
