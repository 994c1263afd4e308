namespace PreDump.Cli;

/// <summary>An option that was given and makes no difference.</summary>
/// <param name="Written">As it was given.</param>
/// <param name="Why">Why it makes none, as the end of a sentence.</param>
/// <param name="IsSurprising">Whether the user is to be told, and not only the log.</param>
internal sealed record IgnoredOption(string Written, string Why, bool IsSurprising);
