using System.Globalization;
using System.Text.Json;

namespace PreDump.Core.History;

/// <summary>The members of a journal's line. Each method returns null where the member is missing or null, and throws an
/// <see cref="InvalidDataException"/> that names it where it is something else than what it should be.</summary>
internal readonly struct JournalLine
{
    // Far beyond any real figure in pages, bytes or microseconds, and the sum of all figures of a journal is below 2^64.
    private const ulong MaxNumber = 1UL << 49;
    private const int MaxAreas = 20, MaxText = 8192;

    private readonly JsonElement _json;

    /// <param name="json">What should be an object.</param>
    public JournalLine(JsonElement json) => _json = json.ValueKind == JsonValueKind.Object ? json
        : throw new InvalidDataException("is no JSON object");

    public JournalRound AsRound() => new()
    {
        ImagesDirectory = Text("images_dir"),
        ParentDirectory = Text("parent_dir"),
        Time = Time("time"),
        Tree = Number("tree"),
        Kernel = Text("kernel"),
        IntervalMicroseconds = Number("interval_us"),
        Tasks = Number("tasks"),
        PagesWritten = Number("pages_written"),
        PagesInParent = Number("pages_in_parent"),
        PagesDirty = Number("pages_dirty"),
        DirtyRate = Number("dirty_rate"),
        CopyRate = Number("copy_rate"),
        FreezingMicroseconds = Number("freezing_us"),
        FrozenMicroseconds = Number("frozen_us"),
        TotalMicroseconds = Number("total_us"),
        EstimatedStopMicroseconds = Inner("estimate")?.Number("stop_us"),
        Areas = [.. Areas()],
    };

    public JournalEnd AsEnd(string verdict) => new(verdict, Number("stop_us"), Number("max_downtime_us"), Text("reason"));

    public JournalDump AsDump() => new(Text("images_dir"), Number("stop_us"), Number("proof_us"), Number("pages_written"),
        Number("pages_in_parent"), Number("pages_mended"), Text("restore"));

    public JournalLine? Inner(string name) => Member(name, JsonValueKind.Object) is { } json ? new JournalLine(json) : null;

    public string? Text(string name)
    {
        try
        {
            return Member(name, JsonValueKind.String)?.GetString() is not { } text ? null
                : text.Length <= MaxText ? text : throw Wrong(name);
        }
        catch (InvalidOperationException) // half a surrogate pair
        {
            throw Wrong(name);
        }
    }

    public ulong? Number(string name)
    {
        if (Member(name, JsonValueKind.Number) is not { } json)
            return null;
        return json.TryGetDouble(out double number) && number is >= 0 and <= MaxNumber ? (ulong)number : throw Wrong(name);
    }

    private DateTimeOffset? Time(string name)
    {
        if (Member(name, JsonValueKind.String) is not { } json)
            return null;
        return json.TryGetDateTimeOffset(out var time) ? time : throw Wrong(name);
    }

    private IEnumerable<JournalArea> Areas()
    {
        if (Member("areas", JsonValueKind.Array) is not { } areas)
            yield break;
        foreach (var json in areas.EnumerateArray().Take(MaxAreas))
        {
            var area = new JournalLine(json);
            yield return new JournalArea(area.Number("pid") ?? 0, area.Text("name") ?? "", area.Address("start"),
                area.Address("end"), area.Number("pages_dirty") ?? 0);
        }
    }

    private ulong Address(string name)
    {
        if (Text(name) is not { } text)
            return 0;
        return text.StartsWith("0x", StringComparison.Ordinal)
            && ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong address)
            ? address : throw Wrong(name);
    }

    private JsonElement? Member(string name, JsonValueKind kind)
    {
        if (!_json.TryGetProperty(name, out var member) || member.ValueKind == JsonValueKind.Null)
            return null;
        return member.ValueKind == kind ? member : throw Wrong(name);
    }

    private static InvalidDataException Wrong(string name) => new($"has a wrong value of \"{name}\"");
}
