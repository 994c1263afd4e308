namespace PreDump.PageServer.Protocol;

/// <summary>The length of a message in bytes: 24 up to CRIU 4.1, 32 since 4.2. The protocol has no version that says
/// which.</summary>
public enum MessageLayout
{
    /// <summary>u32 command, u32 pages, u64 address, u64 id.</summary>
    Bytes24 = 24,

    /// <summary>u32 command, u32 zero, u64 pages, u64 address, u64 id.</summary>
    Bytes32 = 32,
}
