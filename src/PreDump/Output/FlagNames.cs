using PreDump.Images;

namespace PreDump.Output;

/// <summary>The flags of a pagemap entry as crit writes them.</summary>
internal static class FlagNames
{
    /// <summary>"PE_LAZY | PE_PRESENT".</summary>
    public static string Of(PageFlags flags) => string.Join(" | ", new[] { PageFlags.Parent, PageFlags.Lazy, PageFlags.Present }
        .Where(flag => flags.HasFlag(flag)).Select(flag => $"PE_{flag.ToString().ToUpperInvariant()}"));
}
