using PreDump.Core;

namespace PreDump.Cli;

/// <summary>Where the images of a squashed chain go.</summary>
internal static class SquashOptions
{
    /// <summary>The letter that means this option to squash, and the log file to all other commands, as to criu.</summary>
    internal const string Letter = "-o";

    public static readonly TableOption<string?> Output = new("--output")
    {
        Argument = "DIR",
        Written = $"{Letter}, --output DIR",
        About = RoundInput.SquashedImages,
        Help = { [Takers.Squash] = "Make this directory of the chain (-o for short); it must not exist yet, or be empty." },
        Details = "The next round is built upon it, and no longer upon the last round of the chain, which is marked as used.",
    };

    public static readonly TableOption<bool> InPlace = new("--in-place")
    {
        Help = { [Takers.Squash] = "Replace the last round of the chain, in one step." },
        Details = "A shell whose current directory it was has to enter it again.",
    };
}
