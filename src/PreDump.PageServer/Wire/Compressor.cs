using System.Diagnostics;
using K4os.Compression.LZ4;

namespace PreDump.PageServer.Wire;

/// <summary>Decides which frames are compressed, and compresses them (LZ4). By itself it does so while the link takes less than
/// half of what could be compressed in the same time, until the link takes four fifths: then the pages come faster as they are.
/// What does not get smaller is sent as it is, and after it a few frames, more each time, are not tried.</summary>
/// <param name="mode">Whether there is a choice.</param>
/// <param name="link">The link's speed.</param>
/// <param name="mostBytes">The longest frame, in bytes.</param>
internal sealed class Compressor(CompressionMode mode, LinkSpeed link, int mostBytes = FrameHead.MostPacked)
{
    private const double Begins = 0.5, Ends = 0.8; // shares of the compressor's own speed
    private const int MostFailures = 4; // in a row, that are counted: then 15 frames are not tried
    private const int TriedAgain = 16; // after so many questions (of a MiB mostly) it is looked at again how fast it is

    private readonly byte[] _packed = new byte[mostBytes];
    private double _bytesPerSecond; // of the compressor; 0: not known
    private int _sinceTrial, _untried, _failures;
    private bool _isOn;

    /// <summary>Whether the next frames are to be tried.</summary>
    public bool IsOn => mode switch
    {
        CompressionMode.On => true,
        CompressionMode.Auto => _isOn = IsWorthIt(),
        _ => false,
    };

    /// <summary>Compresses a frame; empty where it would not get smaller by a tenth, or is not tried.</summary>
    /// <param name="bytes">Its bytes, no longer than the longest.</param>
    /// <returns>Valid until the next call.</returns>
    public ReadOnlySpan<byte> TryPack(ReadOnlySpan<byte> bytes)
    {
        if (mode == CompressionMode.Auto && _bytesPerSecond > 0 && _sinceTrial == 0 && !IsSlow(Ends))
            return default; // one frame has told
        if (_untried > 0)
        {
            _untried--;
            return default;
        }
        long start = Stopwatch.GetTimestamp();
        int packed = LZ4Codec.Encode(bytes, _packed.AsSpan(0, bytes.Length * 9 / 10), LZ4Level.L00_FAST);
        if (bytes.Length > mostBytes / 2)
            Note(bytes.Length / Math.Max(Stopwatch.GetElapsedTime(start).TotalSeconds, 1e-9));
        _failures = packed > 0 ? 0 : Math.Min(_failures + 1, MostFailures);
        _untried = (1 << _failures) - 1;
        return _packed.AsSpan(0, Math.Max(packed, 0));
    }

    // A frame may have waited for a processor: one that was fast counts at once, a slow one by and by.
    private void Note(double bytesPerSecond)
    {
        _bytesPerSecond = Math.Max(bytesPerSecond, (0.8 * _bytesPerSecond) + (0.2 * bytesPerSecond));
        _sinceTrial = 0;
    }

    private bool IsWorthIt()
    {
        if (link.BytesPerSecond is null)
            return false;
        return _bytesPerSecond == 0 || ++_sinceTrial > TriedAgain || IsSlow(_isOn ? Ends : Begins);
    }

    private bool IsSlow(double share) => link.BytesPerSecond < share * _bytesPerSecond;
}
