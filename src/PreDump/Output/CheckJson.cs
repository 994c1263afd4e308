using System.Text.Json;

namespace PreDump.Output;

/// <summary>The findings of `predump check` as one JSON object.</summary>
internal static class CheckJson
{
    /// <summary>Writes it, with a line's end, to standard output.</summary>
    public static void Print(IEnumerable<Finding> findings, bool works, bool chain, string meaning)
    {
        using var output = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteBoolean("works", works);
            json.WriteBoolean("rounds", chain);
            json.WriteString("meaning", meaning);
            json.WriteStartObject("findings");
            foreach (var finding in findings)
            {
                json.WriteStartObject(finding.Name);
                json.WriteBoolean("ok", finding.Ok);
                json.WriteBoolean("needed", finding.Needed);
                json.WriteString("meaning", finding.Meaning);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        output.WriteByte((byte)'\n');
    }
}
