namespace PreDump.Output;

/// <summary>One line of `predump check`.</summary>
/// <param name="Name">What was tried.</param>
/// <param name="Ok">Whether it is there.</param>
/// <param name="Needed">Whether nothing works without it.</param>
/// <param name="Meaning">What that means.</param>
internal sealed record Finding(string Name, bool Ok, bool Needed, string Meaning);
