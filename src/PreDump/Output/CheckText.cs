namespace PreDump.Output;

/// <summary>What `predump check` has found, for people: a line for each finding, and a last line that sums up.</summary>
internal static class CheckText
{
    /// <summary>Prints it.</summary>
    public static void Print(CheckReport report)
    {
        foreach (var finding in report.Findings)
        {
            string answer = finding.Ok ? "ok " : finding.Needed ? "NO " : "no ";
            Console.Out.WriteLine($"{answer} {finding.Name,-18} {finding.Meaning}");
        }
        Console.Out.WriteLine(report.Meaning);
    }
}
