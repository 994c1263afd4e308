namespace PreDump.PageServer.Wire;

/// <summary>Whether pages are compressed on their way to a page server of ours.</summary>
public enum CompressionMode
{
    /// <summary>Never: a page server of ours sees what criu's does.</summary>
    Off,

    /// <summary>Always, except what does not get smaller.</summary>
    On,

    /// <summary>While the link is slower than the compressor.</summary>
    Auto,
}
