using System.Text;
using PreDump.Core.Copying;
using PreDump.Core.Tracking;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>The summary as one line for people.</summary>
internal static class SummaryText
{
    /// <summary>"3 tasks (5 threads, 84 VMAs): 262233 pages, 1.0 GiB written in 0.52 s (1.9 GiB/s); frozen 312 us".</summary>
    public static string Of(Summary summary)
    {
        double bytes = summary.PagesWritten * (double)PageSize.Bytes;
        var line = new StringBuilder();
        line.Append($"{Sizes.Count(summary.Tasks, "task")} ");
        line.Append($"({Sizes.Count(summary.Threads, "thread")}, {Sizes.Count(summary.Vmas, "VMA")}");
        if (summary.Segments > 0)
            line.Append($", {Sizes.Count(summary.Segments, "segment")} of shared memory");
        line.Append("): ");
        line.Append($"{Sizes.Count(summary.PagesWritten, "page")}, {Sizes.Bytes(bytes)} written in {Sizes.Time(summary.Total)}");
        if (summary.Copying > TimeSpan.Zero)
            line.Append($" ({Sizes.Bytes(bytes / summary.Copying.TotalSeconds)}/s)");
        if (summary.PagesInParent > 0)
            line.Append($", {summary.PagesInParent} in the parent ({(double)summary.PagesInParent / summary.PagesScanned:0.0%})");
        if (summary.PagesUnchanged > 0 && summary.Tracking != TrackingMethod.Content)
            line.Append($", {summary.PagesUnchanged} of them dirty but unchanged");
        if (summary.PagesMoved > 0)
            line.Append($", {summary.PagesMoved} looked clean but had been moved");
        line.Append($"; frozen {(summary.Freezing + summary.Frozen).TotalMicroseconds:0} us");
        if (summary.FreezeAttempts > 1)
            line.Append($" in {summary.FreezeAttempts} attempts");
        var skipped = SkipNames.InOrder(summary.Skipped).Select(part => $"{SkipNames.Of(part.Reason)} " + (part.Vmas > 0
            ? $"{Sizes.Count(part.Vmas, "VMA")} ({Sizes.Count(part.Pages, "page")})"
            : Sizes.Count(part.Pages, "page"))).ToList();
        if (skipped.Count > 0)
            line.Append($"; left out: {string.Join(", ", skipped)}");
        if (summary.GoneTasks.Count > 0)
            line.Append($"; {Sizes.Count(summary.GoneTasks.Count, "task")} gone during the copy");
        return line.ToString();
    }
}
