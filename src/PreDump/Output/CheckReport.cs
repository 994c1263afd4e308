namespace PreDump.Output;

/// <summary>What `predump check` has found.</summary>
/// <param name="Findings">One for each thing that was tried.</param>
/// <param name="Works">Whether a pre-dump works here for this user's own tasks.</param>
/// <param name="TracksChanges">Whether the kernel tells what has changed (soft-dirty); otherwise rounds compare contents.</param>
internal sealed record CheckReport(IReadOnlyList<Finding> Findings, bool Works, bool TracksChanges)
{
    /// <summary>What that means, in one sentence.</summary>
    public string Meaning => !Works ? "predump can't work here: see the lines that say NO"
        : TracksChanges ? "predump works here, in rounds, up to the final criu dump --track-mem --prev-images-dir"
        : "predump works here, in rounds by content, up to the final criu dump through predump page-server --compare";
}

/// <summary>A single thing that was tried.</summary>
/// <param name="Name">What was tried.</param>
/// <param name="Ok">Whether it works.</param>
/// <param name="Needed">Whether nothing works without it.</param>
/// <param name="Meaning">What that means, in one line.</param>
internal sealed record Finding(string Name, bool Ok, bool Needed, string Meaning);
