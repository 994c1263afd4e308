namespace PreDump.Core.Series;

/// <summary>What a final dump by criu costs on this machine, in time that the tree stands still.</summary>
/// <param name="Base">For a tree of one small task: freezing, criu's parasite, all that is not memory.</param>
/// <param name="PerTask">For each task more.</param>
/// <param name="PerPage">For each page that is copied.</param>
/// <param name="Lead">The time from the start of criu until it freezes the tree; pages are written in it.</param>
/// <param name="IsMeasured">Whether it was measured on this machine; else it is assumed.</param>
public sealed record DumpCost(TimeSpan Base, TimeSpan PerTask, TimeSpan PerPage, TimeSpan Lead, bool IsMeasured)
{
    /// <summary>What is assumed where there is no criu to measure: a common server's figures, from the benchmark.</summary>
    public static readonly DumpCost Assumed = new(TimeSpan.FromMilliseconds(60), TimeSpan.FromMilliseconds(10),
        TimeSpan.FromMicroseconds(2.5), TimeSpan.FromMilliseconds(50), IsMeasured: false);
}
