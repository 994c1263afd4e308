using PreDump.Core.Copying;
using PreDump.Core.Tracking;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>The summary as one JSON object: counts in pages and bytes, times in microseconds.</summary>
internal static class SummaryJson
{
    /// <summary>Prints it.</summary>
    public static void Print(Summary summary) => JsonOutput.Print(json =>
    {
        SummaryMembers.Write(json, summary);
        json.WriteBoolean("soft_dirty", summary.Tracking == TrackingMethod.SoftDirty);
        json.WriteString("tracking", TrackingNames.Of(summary.Tracking));
        json.WriteNumber("segments", summary.Segments);
        json.WriteNumber("tasks_gone", summary.GoneTasks.Count);
        json.WriteString("images_dir", RawText.Printable(summary.ImagesDirectory));
        json.WriteNumber("stripes", summary.Stripes);
        json.WriteStartObject("skipped");
        foreach (var skipped in SkipNames.InOrder(summary.Skipped))
        {
            json.WriteStartObject(SkipNames.Of(skipped.Reason));
            json.WriteNumber("vmas", skipped.Vmas);
            json.WriteNumber("pages", skipped.Pages);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    });
}
