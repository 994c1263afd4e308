using PreDump.Core.Maintenance;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>`predump squash --json`.</summary>
internal static class SquashJson
{
    /// <summary>Prints the object.</summary>
    public static void Print(SquashResult result) => JsonOutput.Print(json =>
    {
        json.WriteString("images_dir", RawText.Printable(result.Directory));
        json.WriteNumber("rounds", result.Rounds);
        json.WriteNumber("tasks", result.Tasks);
        json.WriteNumber("pages_present", result.Pages);
        json.WriteNumber("pages_from_parents", result.PagesFromParents);
        json.WriteBoolean("frames_kept", result.KeepsFrames);
        json.WriteStartArray("no_longer_needed");
        foreach (var path in result.NoLongerNeeded)
            json.WriteStringValue(RawText.Printable(path));
        json.WriteEndArray();
        json.WriteNumber("total_us", (long)result.Time.TotalMicroseconds);
    });
}
