namespace PreDump.PageServer.Wire;

/// <summary>The connections of a round.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Retry">How long one that drops is tried to be made again; zero: it isn't.</param>
/// <param name="Patience">How long the server may be silent.</param>
/// <param name="Compression">What is compressed.</param>
public sealed record StreamOptions(int Count, TimeSpan Retry, TimeSpan Patience, CompressionMode Compression);
