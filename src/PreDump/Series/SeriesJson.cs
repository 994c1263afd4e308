using System.Text;
using System.Text.Json;
using PreDump.Core.Series;
using PreDump.Linux;
using PreDump.Output;
using static System.FormattableString;

namespace PreDump.Series;

/// <summary>The lines of a series in JSON (docs/json.md).</summary>
/// <param name="directory">The series' directory.</param>
/// <param name="tree">The root's pid.</param>
internal sealed class SeriesJson(SeriesDirectory directory, int tree)
{
    private const int MostAreas = 20;

    /// <summary>The line of a round.</summary>
    public string Of(RoundFigures round) => Line(json =>
    {
        json.WriteNumber("round", round.Number);
        json.WriteString("images_dir", RawText.Printable(directory.Of(round.Number)));
        json.WriteString("parent_dir", round.Parent is { } parent ? RawText.Printable(directory.Of(parent)) : null);
        json.WriteString("time", round.FrozenAt);
        json.WriteNumber("tree", tree);
        json.WriteString("kernel", ProcFs.KernelRelease);
        Write(json, "interval_us", round.Interval?.TotalMicroseconds);
        SummaryMembers.Write(json, round.Summary);
        json.WriteNumber("copy_rate", (long)round.CopyRate);
        Write(json, "pages_dirty", round.DirtyPages);
        Write(json, "dirty_rate", round.DirtyRate);
        json.WriteStartObject("estimate");
        json.WriteNumber("stop_us", (long)round.Estimate.Stop.TotalMicroseconds);
        json.WriteNumber("base_us", (long)round.Estimate.Base.TotalMicroseconds);
        json.WriteNumber("memory_us", (long)round.Estimate.Memory.TotalMicroseconds);
        json.WriteNumber("pages_dirty", round.Estimate.Pages);
        json.WriteString("source", round.Estimate.IsMeasured ? "measured" : "assumed");
        json.WriteEndObject();
        json.WriteStartArray("areas");
        foreach (var area in round.MostChanged(MostAreas))
        {
            json.WriteStartObject();
            json.WriteNumber("pid", area.Pid);
            json.WriteString("name", RawText.Printable(area.Name));
            json.WriteString("start", Invariant($"0x{area.Range.Start:x}"));
            json.WriteString("end", Invariant($"0x{area.Range.End:x}"));
            json.WriteNumber("pages_dirty", area.DirtyPages);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    /// <summary>The line that says how the rounds ended.</summary>
    public static string Of(SeriesEnd end) => Line(json =>
    {
        json.WriteString("verdict", end.Verdict switch
        {
            Verdict.Converged => "converged",
            Verdict.MaxRounds => "max-rounds",
            _ => "not-converging",
        });
        json.WriteNumber("rounds", end.Last.Number);
        json.WriteString("images_dir", RawText.Printable(end.Directory));
        json.WriteNumber("stop_us", (long)end.Last.Estimate.Stop.TotalMicroseconds);
        json.WriteNumber("max_downtime_us", (long)end.MaxDowntime.TotalMicroseconds);
        json.WriteString("reason", end.Reason);
    });

    /// <summary>The line of the final dump.</summary>
    public static string Of(FinalFigures dump) => Line(json =>
    {
        json.WriteStartObject("dump");
        json.WriteString("images_dir", RawText.Printable(dump.Directory));
        json.WriteString("parent_dir", RawText.Printable(dump.Parent));
        json.WriteNumber("freezing_us", dump.Stats.FreezingMicroseconds);
        json.WriteNumber("frozen_us", dump.Stats.FrozenMicroseconds);
        json.WriteNumber("stop_us", (long)dump.Stats.Stop().TotalMicroseconds);
        json.WriteNumber("memdump_us", dump.Stats.MemdumpMicroseconds);
        json.WriteNumber("memwrite_us", dump.Stats.MemwriteMicroseconds);
        json.WriteNumber("proof_us", (long)dump.Proof.TotalMicroseconds);
        json.WriteNumber("pages_written", dump.Stats.PagesWritten);
        json.WriteNumber("pages_in_parent", dump.Stats.PagesSkippedParent);
        json.WriteNumber("pages_mended", dump.PagesMended);
        json.WriteString("restore", RawText.Printable(dump.Restore));
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
            json.WriteNumber(name, (long)number);
        else
            json.WriteNull(name);
    }

    private static string Line(Action<Utf8JsonWriter> members)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
