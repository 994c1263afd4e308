using System.Globalization;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>The further directories of a round that is striped, so that its pages are written to several files at the same time:
/// a file has one lock, and past two threads one file gets no faster.
/// <code>
///   3/ --- parent: stripes/2 --> 3/stripes/2/ --- parent: ../1 --> 3/stripes/1/ --- parent: ../../../2 --> 2/
///   A  in parent                 A  in parent                      A  present
///   B  in parent                 B  present
///   C  present
/// </code>
/// To criu, and to all that reads images, it is a chain like any other.</summary>
/// <param name="within">The round's own directory; owned by the caller.</param>
public sealed class Stripes(DirectoryFd within) : IDisposable
{
    private readonly List<DirectoryFd> _directories = [];
    private bool _isMade;

    /// <summary>How many there are, the round's own directory not counted.</summary>
    public int Count => _directories.Count;

    /// <summary>The target of the round's own parent link.</summary>
    public string LastLink => $"{ImageNames.Stripes}/{_directories.Count}";

    /// <summary>Makes the directories and their links.</summary>
    /// <param name="count">Their number, at least 1.</param>
    /// <param name="parent">The previous round's directory, relative to the round's own; null in a first round.</param>
    /// <exception cref="LinuxException">One can't be made.</exception>
    public void Make(int count, string? parent)
    {
        using var all = within.MakePrivateDirectory(ImageNames.Stripes);
        _isMade = true;
        for (int number = 1; number <= count; number++)
        {
            var stripe = all.MakePrivateDirectory(number.ToString(CultureInfo.InvariantCulture));
            _directories.Add(stripe);
            stripe.CreatePrivate(ImageNames.StripeMark).Close();
            if (number > 1)
                stripe.CreateSymlink(ImageNames.Parent, $"../{number - 1}");
            else if (parent is not null)
                stripe.CreateSymlink(ImageNames.Parent, $"../../{parent}");
        }
    }

    /// <summary>Creates an image, as <see cref="RoundDirectory.Create"/> does.</summary>
    /// <param name="stripe">From 0, the first one of the chain.</param>
    /// <param name="name">The file's name.</param>
    /// <exception cref="LinuxException">It can't be created.</exception>
    public Fd Create(int stripe, string name) => _directories[stripe].CreatePrivate(name);

    /// <summary>Removes them with all that is in them, as far as possible; nothing that was there before.</summary>
    public void Remove()
    {
        Dispose();
        if (_isMade)
            within.TryRemoveTree(ImageNames.Stripes);
    }

    /// <summary>Whether something has their name that they are not: a directory or a file of the user's.</summary>
    /// <param name="round">A round's own directory.</param>
    /// <exception cref="LinuxException">It can't be read.</exception>
    public static bool AreOthers(DirectoryFd round)
    {
        using var all = round.TryOpenOwnDirectory(ImageNames.Stripes);
        if (all is null)
            return round.HasEntry(ImageNames.Stripes);
        foreach (string name in all.Names())
        {
            using var stripe = all.TryOpenOwnDirectory(name);
            if (stripe is null || !(stripe.Has(ImageNames.StripeMark) || stripe.Names().Count == 0)) // killed before the mark
                return true;
        }
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _directories.ForEach(directory => directory.Dispose());
        _directories.Clear();
    }
}
