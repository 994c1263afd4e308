using System.Net;
using System.Text.Json;
using PreDump.Linux;
using PreDump.PageServer;

namespace PreDump.Output;

/// <summary>What a page server tells, one JSON object a line: counts in pages and bytes, times in microseconds.</summary>
internal static class RoundJson
{
    /// <summary>Where it listens.</summary>
    public static void PrintListening(IPEndPoint address) => Print(json =>
    {
        json.WriteString("listening", address.ToString());
        json.WriteString("address", address.Address.ToString());
        json.WriteNumber("port", address.Port);
    });

    /// <summary>A round.</summary>
    public static void Print(SessionResult result) => Print(json =>
    {
        if (result.Round.Number is { } number)
            json.WriteNumber("round", number);
        json.WriteString("images_dir", result.Round.Directory);
        json.WriteString("parent_dir", result.Round.Parent);
        json.WriteNumber("tasks", result.Tasks);
        json.WriteNumber("pages_written", result.Pages);
        json.WriteNumber("bytes_written", PageSize.BytesOf(result.Pages));
        json.WriteNumber("pages_in_parent", result.PagesInParent);
        json.WriteNumber("total_us", (long)result.Time.TotalMicroseconds);
        json.WriteString("peer", result.Peer);
    });

    private static void Print(Action<Utf8JsonWriter> members)
    {
        using var output = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        output.WriteByte((byte)'\n');
    }
}
