namespace PreDump.Output;

/// <summary>What `predump check` has found.</summary>
/// <param name="Findings">One for each thing that was tried.</param>
/// <param name="Works">Whether a pre-dump works here for this user's own tasks.</param>
/// <param name="HasRounds">Whether rounds with a parent work, too.</param>
internal sealed record CheckReport(IReadOnlyList<Finding> Findings, bool Works, bool HasRounds)
{
    /// <summary>What that means, in one sentence.</summary>
    public string Meaning => !Works ? "predump can't work here: see the lines that say NO"
        : HasRounds ? "predump works here, in rounds, up to the final criu dump --track-mem --prev-images-dir"
        : "predump makes full copies here; rounds (--prev-images-dir) and dumps with a parent need a kernel with soft-dirty";
}

/// <summary>A single thing that was tried.</summary>
/// <param name="Name">What was tried.</param>
/// <param name="Ok">Whether it works.</param>
/// <param name="Needed">Whether nothing works without it.</param>
/// <param name="Meaning">What that means, in one line.</param>
internal sealed record Finding(string Name, bool Ok, bool Needed, string Meaning);
