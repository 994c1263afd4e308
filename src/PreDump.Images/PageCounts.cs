namespace PreDump.Images;

/// <summary>How many pages a round has, and where.</summary>
/// <param name="Present">Pages in the round's own pages files.</param>
/// <param name="InParent">Pages left to the round before.</param>
public readonly record struct PageCounts(ulong Present, ulong InParent)
{
    /// <summary>Adds what a stripe of the round has: to the round's own directory it is left to the parent.</summary>
    /// <param name="present">Pages in the stripe's pages files.</param>
    public PageCounts WithStripe(ulong present) => new(Present + present, InParent - Math.Min(present, InParent));
}
