using System.Text.Json;

namespace PreDump.Output;

/// <summary>A JSON object on standard output, on a line of its own.</summary>
internal static class JsonOutput
{
    /// <summary>Writes one, and flushes it.</summary>
    /// <param name="members">Writes what is between its braces.</param>
    /// <exception cref="IOException">Standard output can't be written.</exception>
    public static void Print(Action<Utf8JsonWriter> members)
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
