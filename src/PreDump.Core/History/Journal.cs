using System.Text.Json;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.History;

/// <summary>What the rounds said of themselves: a JSON object a line, in a file in the directory of the rounds. It may come from
/// another version, or from anyone: members that are missing are null, everything else that is wrong is one error.</summary>
public sealed class Journal
{
    /// <summary>The file's name.</summary>
    public const string Name = "predump-rounds.jsonl";

    /// <summary>The largest journal that is read, in bytes. A round takes about 4 KiB.</summary>
    public const int MaxBytes = 16 << 20;

    private readonly List<JournalRound> _rounds = [];

    private Journal()
    {
    }

    /// <summary>The rounds, in the order of the lines.</summary>
    public IReadOnlyList<JournalRound> Rounds => _rounds;

    /// <summary>The last round; null: there is none.</summary>
    public JournalRound? LastRound => _rounds is [.., var last] ? last : null;

    /// <summary>How the last call ended; null: it did not, or was killed.</summary>
    public JournalEnd? End { get; private set; }

    /// <summary>The final dump; null: there was none.</summary>
    public JournalDump? Dump { get; private set; }

    /// <summary>Reads the journal in a directory; an empty one where there is none.</summary>
    /// <exception cref="ImageException">It can't be read, or is damaged; the message names the line.</exception>
    public static Journal Read(DirectoryFd directory)
    {
        using var file = directory.TryOpenRegular(Name, out string? problem);
        if (problem is not null)
            throw new ImageException(directory.PathOf(Name), problem);
        return file is null ? new Journal() : Parse(Content(file), file.Path);
    }

    /// <summary>Reads the lines of a journal.</summary>
    /// <param name="text">The file's bytes.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <exception cref="ImageException">A line is damaged.</exception>
    public static Journal Parse(ReadOnlyMemory<byte> text, string path)
    {
        var journal = new Journal();
        for (int number = 1; !text.IsEmpty; number++)
        {
            int end = text.Span.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            try
            {
                if (!line.Span.Trim(" \t\r"u8).IsEmpty)
                    journal.Add(line);
            }
            catch (JsonException) when (end < 0) // a line without an end: its writer was killed
            {
            }
            catch (Exception e) when (e is JsonException or InvalidDataException)
            {
                throw new ImageException(path, $"line {number} " + (e is JsonException ? "is not JSON" : e.Message));
            }
        }
        return journal;
    }

    private void Add(ReadOnlyMemory<byte> line)
    {
        using var json = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 8 });
        var entry = new JournalLine(json.RootElement);
        if (entry.Inner("dump") is { } dump)
            Dump = dump.AsDump();
        else if (entry.Text("verdict") is { } verdict)
            End = entry.AsEnd(verdict);
        else if (entry.Number("round") is not null)
        {
            (End, Dump) = (null, null); // of an earlier call
            _rounds.Add(entry.AsRound());
            if (_rounds.Count > ImageChain.MaxLength)
                throw new InvalidDataException($"is about one more round than the {ImageChain.MaxLength} that a chain may have");
        }
    }

    private static byte[] Content(Fd file)
    {
        using var content = new MemoryStream();
        var part = new byte[64 * 1024];
        for (int got; (got = file.Read(part)) > 0;)
        {
            content.Write(part.AsSpan(0, got));
            if (content.Length > MaxBytes)
                throw new ImageException(file.Path, $"is longer than {MaxBytes} bytes");
        }
        return content.ToArray();
    }
}
