using PreDump.Linux;

namespace PreDump.PageServer.Wire;

/// <summary>A frame that has come, until it is taken.</summary>
/// <param name="from">The connection on which it came.</param>
internal sealed class ReceivedFrame(ReceivedStream from) : IDisposable
{
    private readonly NativeBuffer _buffer = new(FrameHead.MostInStreams);
    private int _taken;

    /// <summary>The connection on which it came.</summary>
    public ReceivedStream From => from;

    /// <summary>Its number, from 0.</summary>
    public ulong Number { get; private set; }

    /// <summary>Whether all of it is taken.</summary>
    public bool IsTaken => _taken == Length;

    private int Length { get; set; }

    /// <summary>Reads it.</summary>
    /// <param name="head">Valid.</param>
    /// <param name="unpacker">The connection's.</param>
    public void Fill(FrameHead head, FrameUnpacker unpacker)
    {
        (Number, Length, _taken) = (head.Number, head.Bytes, 0);
        unpacker.Read(head, _buffer.Span);
    }

    /// <summary>Takes bytes of it.</summary>
    public int Take(Span<byte> to)
    {
        int bytes = Math.Min(to.Length, Length - _taken);
        _buffer.Span.Slice(_taken, bytes).CopyTo(to);
        _taken += bytes;
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}
