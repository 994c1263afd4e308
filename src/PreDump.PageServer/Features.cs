namespace PreDump.PageServer;

/// <summary>What two of ours can do beyond CRIU's protocol; bits of a question and of its answer.</summary>
[Flags]
public enum Features : ushort
{
    /// <summary>Nothing: CRIU's protocol.</summary>
    None = 0,

    /// <summary>What the client sends comes in frames, which may be compressed (<see cref="FrameHead"/>).</summary>
    Frames = 1,
}
