using Tmds.Linux;

namespace PreDump.Linux;

/// <summary>The raw maps of all tasks, one behind the other, in memory that was made before the freeze: in it the kernel only
/// copies; nothing is parsed and, unless the tree has grown a lot, nothing allocated.</summary>
public sealed class MapsArena(ulong bytes) : IDisposable
{
    private const int RoomForARead = 64 * 1024;

    private readonly NativeBuffer _buffer = new(bytes + RoomForARead);
    private int _used;

    /// <summary>Reads a task's maps to its end; returns where they lie.</summary>
    public Range Read(Fd maps)
    {
        int start = _used;
        while (true)
        {
            if (_buffer.Length - _used < RoomForARead)
                _buffer.Grow((ulong)_buffer.Length * 2);
            int got = maps.TryRead(_buffer.Span[_used..]);
            if (got < 0 && LibC.errno != LibC.ESRCH) // that: the task has gone
                throw maps.Failed("read");
            if (got <= 0)
                return start.._used;
            _used += got;
        }
    }

    /// <summary>A task's maps.</summary>
    public ReadOnlySpan<byte> this[Range maps] => _buffer.Span[maps];

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}
