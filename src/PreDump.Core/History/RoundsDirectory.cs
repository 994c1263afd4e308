using System.Globalization;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.History;

/// <summary>Finds the rounds that belong together: the directories 1, 2, 3, and so on in a directory, or a chain by its last
/// directory.</summary>
/// <param name="Path">The directory of the rounds: where their journal is.</param>
/// <param name="Rounds">The paths of the rounds, the first one first.</param>
/// <param name="Incomplete">The names of directories that are left out, because their images are not complete.</param>
public sealed record RoundsDirectory(string Path, IReadOnlyList<string> Rounds, IReadOnlyList<string> Incomplete)
{
    private static readonly string[] s_marks =
        [ImageNames.Inventory, ImageNames.ClaimedInventory, ImageNames.UnprovedInventory, ImageNames.PageServerMark];

    /// <summary>Finds them.</summary>
    /// <param name="path">The directory of the rounds, or the images at the end of a chain.</param>
    /// <exception cref="ImageException">There is no such directory, no round in it, or the chain is broken.</exception>
    public static RoundsDirectory Find(string path)
    {
        using var directory = ImageDirectory.Open(path);
        return IsRound(directory) || directory.ParentLink is not null ? Chain(directory) : Numbered(directory);
    }

    private static RoundsDirectory Chain(ImageDirectory last)
    {
        string[] rounds = [.. ImageChain.Walk(last).Where(round => !round.IsStripe).Select(round => round.Path).Reverse()];
        return new RoundsDirectory(System.IO.Path.GetDirectoryName(last.Path) ?? last.Path, rounds, []);
    }

    private static RoundsDirectory Numbered(ImageDirectory directory)
    {
        List<string> rounds = [], incomplete = [];
        foreach (var name in directory.Names().Where(name => NumberOf(name) > 0).OrderBy(NumberOf))
        {
            using var inner = directory.Descriptor.TryOpenDirectory(name, out _);
            if (inner is null)
                continue;
            using var round = ImageDirectory.Adopt(DirectoryFd.Open(directory.PathOf(name)));
            (IsRound(round) ? rounds : incomplete).Add(IsRound(round) ? round.Path : name);
        }
        if (rounds.Count == 0)
            throw new ImageException(directory.Path, "no images here, and none in directories 1, 2, 3, and so on");
        if (rounds.Count > ImageChain.MaxLength)
            throw new ImageException(directory.Path, $"more rounds than the {ImageChain.MaxLength} that a chain may have");
        return new RoundsDirectory(directory.Path, rounds, incomplete);
    }

    private static bool IsRound(ImageDirectory directory) => Array.Exists(s_marks, directory.Has);

    private static int NumberOf(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
}
