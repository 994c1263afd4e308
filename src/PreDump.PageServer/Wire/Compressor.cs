using K4os.Compression.LZ4;
using PreDump.Linux;

namespace PreDump.PageServer.Wire;

/// <summary>Decides which frames are compressed, and compresses them (LZ4). By itself it does so while the link takes fewer bytes
/// than the compressor saves in the same time. What does not get smaller is sent as it is, and after it a few frames, more each
/// time, are not tried.</summary>
/// <param name="mode">Whether there is a choice.</param>
/// <param name="link">The link's speed.</param>
/// <param name="mostBytes">The longest frame, in bytes.</param>
internal sealed class Compressor(CompressionMode mode, LinkSpeed link, int mostBytes = FrameHead.MostPacked)
{
    // The link's share of what is saved. It may take more than that, since one frame is sent while the next one is compressed.
    private const double Begins = 0.9, Ends = 1.4;
    private const double Kept = 0.8; // of what is known, with each frame that tells more
    private const int SampleBytes = FrameHead.MostPacked, LeastSample = 8 * 1024; // less tells little
    private const int SampledAgain = 32; // after so many questions (of a MiB mostly)
    private const int MostFailures = 4; // in a row, that are counted: then 15 frames are not tried

    private readonly byte[] _packed = new byte[mostBytes];
    private double _savedBytes, _nanoseconds; // of the last frames, and of the processor time that they took
    private int _questions, _untried, _failures;
    private bool _isOn;

    /// <summary>Whether frames are to be tried now.</summary>
    /// <param name="next">What is to be sent, of which a sample may be compressed.</param>
    public bool Tries(ReadOnlySpan<byte> next) => mode switch
    {
        CompressionMode.On => true,
        CompressionMode.Auto => _isOn = IsWorthIt(next),
        _ => false,
    };

    /// <summary>Compresses a frame; empty where it would not get smaller by a tenth, or is not tried.</summary>
    /// <param name="bytes">Its bytes, no longer than the longest.</param>
    /// <returns>Valid until the next call.</returns>
    public ReadOnlySpan<byte> TryPack(ReadOnlySpan<byte> bytes)
    {
        if (_untried > 0)
        {
            _untried--;
            return default;
        }
        int packed = Pack(bytes);
        _failures = packed > 0 ? 0 : Math.Min(_failures + 1, MostFailures);
        _untried = (1 << _failures) - 1;
        return _packed.AsSpan(0, packed);
    }

    private bool IsWorthIt(ReadOnlySpan<byte> next)
    {
        if (link.BytesPerSecond is not { } bytesPerSecond)
            return false;
        if (!_isOn && next.Length >= LeastSample && _questions++ % SampledAgain == 0)
            Pack(next[..Math.Min(next.Length, SampleBytes)]);
        return bytesPerSecond * _nanoseconds / 1e9 < (_isOn ? Ends : Begins) * _savedBytes;
    }

    // In processor time: on a busy machine a frame that is sent waits for a processor as well.
    private int Pack(ReadOnlySpan<byte> bytes)
    {
        long start = OwnThread.CpuNanoseconds;
        int packed = Math.Max(LZ4Codec.Encode(bytes, _packed.AsSpan(0, bytes.Length * 9 / 10), LZ4Level.L00_FAST), 0);
        if (bytes.Length >= LeastSample)
        {
            _savedBytes = (Kept * _savedBytes) + (packed > 0 ? bytes.Length - packed : 0);
            _nanoseconds = (Kept * _nanoseconds) + (OwnThread.CpuNanoseconds - start);
        }
        return packed;
    }
}
