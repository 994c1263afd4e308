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
        json.WriteNumber("tasks", summary.Tasks);
        json.WriteNumber("threads", summary.Threads);
        json.WriteNumber("vmas", summary.Vmas);
        json.WriteNumber("pages_scanned", summary.PagesScanned);
        json.WriteNumber("pages_written", summary.PagesWritten);
        json.WriteNumber("bytes_written", PageSize.BytesOf(summary.PagesWritten));
        json.WriteNumber("pages_in_parent", summary.PagesInParent);
        json.WriteNumber("pages_unchanged", summary.PagesUnchanged);
        json.WriteNumber("pages_suspect", summary.PagesSuspect);
        json.WriteNumber("pages_moved", summary.PagesMoved);
        json.WriteNumber("freeze_attempts", summary.FreezeAttempts);
        json.WriteNumber("freezing_us", (long)summary.Freezing.TotalMicroseconds);
        json.WriteNumber("frozen_us", (long)summary.Frozen.TotalMicroseconds);
        json.WriteNumber("copying_us", (long)summary.Copying.TotalMicroseconds);
        json.WriteNumber("comparing_us", (long)summary.Comparing.TotalMicroseconds);
        json.WriteNumber("total_us", (long)summary.Total.TotalMicroseconds);
        json.WriteBoolean("soft_dirty", summary.Tracking == TrackingMethod.SoftDirty);
        json.WriteString("tracking", TrackingNames.Of(summary.Tracking));
        json.WriteNumber("segments", summary.Segments);
        json.WriteNumber("tasks_gone", summary.GoneTasks.Count);
        json.WriteString("images_dir", RawText.Printable(summary.ImagesDirectory));
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
