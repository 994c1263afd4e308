using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.History;

/// <summary>The history of a chain of rounds, from their images and their journal. Its size is bounded, whatever the
/// chain.</summary>
public sealed class ChainHistory
{
    /// <summary>The largest number of rounds that are looked at: the first one and the last ones.</summary>
    public const int MaxRounds = 40;

    /// <summary>The largest number of tasks that have a map: those with most memory.</summary>
    public const int MaxTasks = 6;

    private const int MaxAreas = 20;

    private ChainHistory(RoundsDirectory directory) => Directory = directory;

    /// <summary>Where the rounds are.</summary>
    public RoundsDirectory Directory { get; }

    /// <summary>The rounds, the first one first.</summary>
    public IReadOnlyList<ChainRound> Rounds { get; private init; } = [];

    /// <summary>How many rounds after the first are left out.</summary>
    public int LeftOut => Directory.Rounds.Count - Rounds.Count;

    /// <summary>The journal; an empty one where there is none.</summary>
    public required Journal Journal { get; init; }

    /// <summary>The number of tasks that have images.</summary>
    public int Tasks { get; private init; }

    /// <summary>Maps of the tasks with most memory, most first.</summary>
    public IReadOnlyList<TaskMap> Maps { get; private init; } = [];

    /// <summary>The areas that changed most, most first.</summary>
    public IReadOnlyList<ChangedArea> Areas { get; private init; } = [];

    /// <summary>Reads the history.</summary>
    /// <param name="path">The directory of the rounds, or the images at the end of a chain.</param>
    /// <exception cref="ImageException">There are no rounds, or an image or the journal is damaged.</exception>
    public static ChainHistory Of(string path)
    {
        var directory = RoundsDirectory.Find(path);
        using var home = DirectoryFd.Open(directory.Path);
        var journal = Journal.Read(home);
        var all = directory.Rounds;
        List<ImageDirectory> images = [];
        try
        {
            foreach (var round in all.Take(1).Concat(all.Skip(Math.Max(1, all.Count - MaxRounds + 1))))
                images.Add(ImageDirectory.Open(round));
            return Of(directory, journal, images);
        }
        finally
        {
            images.ForEach(round => round.Dispose());
        }
    }

    private static ChainHistory Of(RoundsDirectory directory, Journal journal, List<ImageDirectory> images)
    {
        var sizes = new Dictionary<int, ulong>();
        var rounds = RoundReader.Read(images, journal, sizes);
        var areas = ChangedArea.Of(journal.Rounds);
        List<TaskMap> maps = [.. sizes.OrderByDescending(task => task.Value).ThenBy(task => task.Key).Take(MaxTasks)
            .Select(task => TaskMap.Of(images, task.Key, AreasOf(areas, task.Key)))];
        if (areas.Count == 0)
            areas = ChangedArea.Of(maps, [.. rounds.Select(round => round.HasParent)]);
        return new ChainHistory(directory)
        {
            Rounds = rounds,
            Journal = journal,
            Tasks = sizes.Count,
            Maps = maps,
            Areas = [.. areas.Take(MaxAreas)],
        };
    }

    private static List<JournalArea> AreasOf(List<ChangedArea> areas, int pid) => [.. areas
        .Where(area => area.Pid == (ulong)pid)
        .Select(area => new JournalArea(area.Pid, area.Name!, area.Start, area.End, area.PagesWritten))];
}
