using System.Net;
using PreDump.Linux;
using PreDump.PageServer.Serving;

namespace PreDump.Output;

/// <summary>The events of a page server, one JSON object a line: counts in pages and bytes, times in microseconds.</summary>
internal static class RoundJson
{
    /// <summary>Where it listens: an address and a port, or the path of a Unix socket.</summary>
    public static void PrintListening(EndPoint where) => JsonOutput.Print(json =>
    {
        json.WriteString("listening", where.ToString());
        if (where is not IPEndPoint address)
            return;
        json.WriteString("address", address.Address.ToString());
        json.WriteNumber("port", address.Port);
    });

    /// <summary>A round that is complete.</summary>
    public static void Print(SessionResult result) => JsonOutput.Print(json =>
    {
        if (result.Round.Number is { } number)
            json.WriteNumber("round", number);
        json.WriteString("images_dir", RawText.Printable(result.Round.Directory));
        json.WriteString("parent_dir", result.Round.Parent is { } parent ? RawText.Printable(parent) : null);
        json.WriteNumber("tasks", result.Tasks);
        json.WriteNumber("pages_written", result.Pages);
        json.WriteNumber("bytes_written", PageSize.BytesOf(result.Pages));
        json.WriteNumber("pages_in_parent", result.PagesInParent);
        json.WriteNumber("total_us", (long)result.Time.TotalMicroseconds);
        json.WriteString("peer", result.Peer);
    });
}
