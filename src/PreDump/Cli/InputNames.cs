using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Cli;

/// <summary>What the command line calls the inputs that failures and warnings are about.</summary>
internal static class InputNames
{
    /// <summary>The option of an input, or the command that says more of it.</summary>
    public static string Of(Input input) =>
        input == RoundInput.Kernel ? "predump check" : Options.All.First(option => option.About == input).Name;

    /// <summary>A message, followed by the options that it is about, in parentheses.</summary>
    public static string Name(string message, IReadOnlyList<Input> about) =>
        about.Count == 0 ? message : $"{message} ({string.Join(", ", about.Select(Of))})";

    /// <summary>The line that explains a failure; null for a defect of predump (<see cref="Failure.TryExplain"/>).</summary>
    public static string? TryExplain(Exception e, int? tree = null) =>
        Failure.TryExplain(e, tree) is { } reason ? Name(reason, Failure.About(e)) : null;
}
