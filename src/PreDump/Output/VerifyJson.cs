using System.Text.Json;
using PreDump.Core.Comparing;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>`predump verify --json`: one object, written as things are found.</summary>
internal sealed class VerifyJson : IVerifyOutput
{
    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly Utf8JsonWriter _json;
    private bool _inTasks;

    /// <summary>Begins the object.</summary>
    public VerifyJson()
    {
        _json = new Utf8JsonWriter(_output);
        _json.WriteStartObject();
        _json.WriteStartArray("problems");
    }

    /// <inheritdoc/>
    public void Problem(ImageProblem problem)
    {
        _json.WriteStartObject();
        _json.WriteString("file", RawText.Printable(problem.File));
        if (problem.Vaddr is { } vaddr)
            _json.WriteString("vaddr", $"0x{vaddr:x}");
        _json.WriteString("problem", RawText.Printable(problem.What));
        _json.WriteEndObject();
        _json.Flush();
    }

    /// <inheritdoc/>
    public void Task(TaskComparison task)
    {
        BeginTasks();
        _json.WriteStartObject();
        if (task.Segment is { } segment)
            _json.WriteNumber("segment", segment);
        else
        {
            _json.WriteNumber("pid", task.Pid);
            _json.WriteBoolean("ended", task.Task is null);
        }
        _json.WriteNumber("equal", task.Equal);
        _json.WriteNumber("different", task.Different);
        _json.WriteNumber("missing", task.Missing);
        _json.WriteNumber("unreadable", task.Unreadable);
        _json.WriteNumber("gone", task.Gone);
        _json.WriteStartArray("ranges");
        foreach (var (range, missing) in task.Differences)
        {
            _json.WriteStartObject();
            _json.WriteString("vaddr", $"0x{range.Start:x}");
            _json.WriteNumber("nr_pages", PageSize.Pages(range.Length));
            _json.WriteString("what", missing ? "missing" : "different");
            _json.WriteEndObject();
        }
        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Flush();
    }

    /// <inheritdoc/>
    public void Summary(string directory, ImageCheckResult result, bool? compared, bool sound)
    {
        if (compared == true)
            BeginTasks();
        _json.WriteEndArray();
        _json.WriteString("images_dir", RawText.Printable(directory));
        _json.WriteNumber("tasks", result.Tasks);
        _json.WriteNumber("pages_present", result.PagesPresent);
        _json.WriteNumber("pages_in_parent", result.PagesInParent);
        _json.WriteNumber("rounds", result.Chain.Count);
        _json.WriteNumber("problem_count", result.Problems);
        _json.WriteBoolean("sound", sound);
        _json.WriteEndObject();
        _json.Flush();
        _output.WriteByte((byte)'\n');
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _json.Dispose();
        _output.Dispose();
    }

    private void BeginTasks()
    {
        if (_inTasks)
            return;
        _json.WriteEndArray();
        _json.WriteStartArray("compared");
        _inTasks = true;
    }
}
