namespace PreDump.Output;

/// <summary>What `predump check` has found, as one JSON object.</summary>
internal static class CheckJson
{
    /// <summary>Prints it.</summary>
    public static void Print(CheckReport report) => JsonOutput.Print(json =>
    {
        json.WriteBoolean("works", report.Works);
        json.WriteBoolean("rounds", report.TracksChanges);
        json.WriteString("meaning", report.Meaning);
        json.WriteStartObject("findings");
        foreach (var finding in report.Findings)
        {
            json.WriteStartObject(finding.Name);
            json.WriteBoolean("ok", finding.Ok);
            json.WriteBoolean("needed", finding.Needed);
            json.WriteString("meaning", finding.Meaning);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    });
}
