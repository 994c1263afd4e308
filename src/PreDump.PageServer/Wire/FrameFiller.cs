namespace PreDump.PageServer.Wire;

/// <summary>Copies a client's messages and pages into frames, one after another.</summary>
internal abstract class FrameFiller
{
    private int _bytes; // in the frame that is being filled

    /// <summary>The frame that is being filled.</summary>
    protected abstract Span<byte> Frame { get; }

    /// <summary>Sends the frame.</summary>
    /// <param name="bytes">How many bytes are in it.</param>
    protected abstract void SendFrame(int bytes);

    /// <summary>Copies messages, each followed by its pages (see <see cref="IWire.Send"/>), and sends what is full.</summary>
    protected void Fill(ReadOnlySpan<byte> heads, int headBytes, ReadOnlySpan<byte> body, ReadOnlySpan<int> parts)
    {
        for (int i = 0; i < parts.Length; i++)
        {
            Fill(heads.Slice(i * headBytes, headBytes));
            Fill(body[..parts[i]]);
            body = body[parts[i]..];
        }
    }

    /// <summary>Sends the frame that is not full.</summary>
    protected void Flush()
    {
        if (_bytes > 0)
            SendFrame(_bytes);
        _bytes = 0;
    }

    private void Fill(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var room = Frame[_bytes..];
            int some = Math.Min(bytes.Length, room.Length);
            bytes[..some].CopyTo(room);
            _bytes += some;
            bytes = bytes[some..];
            if (some == room.Length)
                Flush();
        }
    }
}
