using Tmds.Linux;

namespace PreDump.Linux;

/// <summary>Holds the raw maps of all tasks, consecutively, in memory that is allocated before the freeze. During the freeze the
/// text is only copied: nothing is parsed, and nothing is allocated unless the tree has grown a lot.</summary>
/// <param name="bytes">The expected total size.</param>
public sealed class MapsArena(ulong bytes) : IDisposable
{
    private const int MinReadBytes = 64 * 1024;

    private readonly NativeBuffer _buffer = new(bytes + MinReadBytes);
    private int _used;

    /// <summary>Reads a task's maps file to its end; returns the text's position in the arena. Empty if the task has
    /// gone.</summary>
    /// <exception cref="LinuxException">read(2) failed for another reason.</exception>
    public Range Read(Fd maps)
    {
        int start = _used;
        while (true)
        {
            if (_buffer.Length - _used < MinReadBytes)
                _buffer.Grow((ulong)_buffer.Length * 2);
            int got = maps.TryRead(_buffer.Span[_used..]);
            if (got < 0 && LibC.errno != LibC.ESRCH) // ESRCH: the task has gone
                throw maps.Failed("read");
            if (got <= 0)
                return start.._used;
            _used += got;
        }
    }

    /// <summary>The text of one task's maps, at a position that <see cref="Read"/> returned.</summary>
    public ReadOnlySpan<byte> this[Range maps] => _buffer.Span[maps];

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}
