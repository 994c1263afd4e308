using System.Text.Json;
using PreDump.Core.Copying;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>The counts and times of a round, as members of a JSON object: in pages and bytes, in microseconds.</summary>
internal static class SummaryMembers
{
    /// <summary>Writes them.</summary>
    public static void Write(Utf8JsonWriter json, Summary summary)
    {
        json.WriteNumber("tasks", summary.Tasks);
        json.WriteNumber("threads", summary.Threads);
        json.WriteNumber("vmas", summary.Vmas);
        json.WriteNumber("pages_scanned", summary.PagesScanned);
        json.WriteNumber("pages_written", summary.PagesWritten);
        json.WriteNumber("bytes_written", PageSize.BytesOf(summary.PagesWritten));
        if (summary.BytesSent is { } sent)
            json.WriteNumber("bytes_sent", sent);
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
    }
}
