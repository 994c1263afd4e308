using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>The rounds that were made on a round by comparing contents: any number of them, since they take nothing from one
/// another. Each line of <see cref="ImageNames.ChildrenByContent"/> is the path of one. Read before pages of the round are
/// freed.</summary>
public static class ChildrenByContent
{
    /// <summary>Adds a child.</summary>
    /// <param name="parent">The round's directory.</param>
    /// <param name="child">The child's path.</param>
    /// <param name="observer">Warned if it can't be noted.</param>
    public static void Note(ImageDirectory parent, string child, IObserver observer)
    {
        try
        {
            using var file = parent.Descriptor.OpenForAppending(ImageNames.ChildrenByContent);
            file.Write(RawText.Encode($"{child}\n"));
        }
        catch (LinuxException e)
        {
            observer.Warn($"{e.Message}: {parent.Path} can't be marked as the parent of this round, so remember: pages that "
                + "another round replaces must not be freed there", RoundInput.Parent);
        }
    }

    /// <summary>Throws if another round than the given one may need the pages of a round.</summary>
    /// <param name="parent">The round.</param>
    /// <param name="child">The round whose parent it is.</param>
    /// <exception cref="PreDumpException">There is another one.</exception>
    /// <exception cref="ImageException">It can't be known.</exception>
    public static void RefuseOthers(ImageDirectory parent, ImageDirectory child)
    {
        if (ChildMark.PathsByContent(parent.Descriptor).Count == 0)
            return;
        var noted = ChildMark.AllPaths(parent.Descriptor);
        var others = noted.Where(path => !child.Descriptor.IsAt(path)).ToList();
        // If all were moved together, the paths lead nowhere: then the only one that is noted is this one.
        if (others.Count == 0 || (noted.Count == 1 && !DirectoryFd.Exists(others[0])))
            return;
        throw new PreDumpException($"{others[0]} was made on {parent.Path}, too, and needs its pages (if it is no longer there, "
            + $"remove its line from {parent.PathOf(ImageNames.ChildrenByContent)})");
    }
}
