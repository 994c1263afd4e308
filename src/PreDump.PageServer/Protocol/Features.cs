
namespace PreDump.PageServer.Protocol;

/// <summary>What two of ours can do beyond CRIU's protocol; bits of a question and of its answer.</summary>
[Flags]
public enum Features : ushort
{
    /// <summary>Nothing: CRIU's protocol.</summary>
    None = 0,

    /// <summary>What the client sends comes in frames, which may be compressed (FrameHead).</summary>
    Frames = 1,

    /// <summary>It comes in frames, over one or several connections, and over others after these if they drop
    /// (SentStreams). After the answer follows the token by which other connections join.</summary>
    Streams = 2,

    /// <summary>This connection is one more of the round that the token names.</summary>
    Join = 4,
}
