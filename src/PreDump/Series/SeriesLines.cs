using System.Text;
using PreDump.Core.History;
using PreDump.Core.Series;
using PreDump.Linux;

namespace PreDump.Series;

/// <summary>The lines of a series: in predump-rounds.jsonl in its directory, for a report and for who comes later, and with
/// --json on standard output.</summary>
/// <param name="directory">The series' directory.</param>
/// <param name="tree">The root's pid.</param>
/// <param name="print">Whether they are printed, too.</param>
internal sealed class SeriesLines(SeriesDirectory directory, int tree, bool print) : ISeriesOutput
{
    private readonly SeriesJson _json = new(directory, tree);

    /// <inheritdoc/>
    public void Round(RoundFigures round) => Add(_json.Of(round));

    /// <inheritdoc/>
    public void Ended(SeriesEnd end) => Add(SeriesJson.Of(end));

    /// <inheritdoc/>
    public void Dump(FinalFigures dump) => Add(SeriesJson.Of(dump));

    private void Add(string line)
    {
        using (var file = PrivateFile.OpenForAppending(Path.Combine(directory.Path, Journal.Name)))
            file.Write(Encoding.UTF8.GetBytes(line + '\n'));
        if (print)
            Console.Out.WriteLine(line);
    }
}
