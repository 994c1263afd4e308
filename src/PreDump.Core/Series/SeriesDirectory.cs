using System.Globalization;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Series;

/// <summary>The directory of a series: one directory for each round, 1, 2, …, and for the final dump the next one.</summary>
public sealed class SeriesDirectory
{
    private SeriesDirectory(string path) => Path = path;

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>Opens it; makes it if it does not exist.</summary>
    /// <exception cref="PreDumpException">It can't be made.</exception>
    public static SeriesDirectory Open(string path)
    {
        if (DirectoryFd.Exists(path))
            return new SeriesDirectory(path);
        string parent = System.IO.Path.GetDirectoryName(path.TrimEnd('/')) is { Length: > 0 } above ? above : ".";
        try
        {
            using var directory = DirectoryFd.Open(parent);
            directory.MakePrivateDirectory(System.IO.Path.GetFileName(path.TrimEnd('/'))).Dispose();
            return new SeriesDirectory(path);
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"directory {path} can't be made ({e.Message}): give one that can",
                RoundInput.ImagesDirectory);
        }
    }

    /// <summary>The path of a round.</summary>
    public string Of(int number) => System.IO.Path.Combine(Path, number.ToString(CultureInfo.InvariantCulture));

    /// <summary>The path of a round, relative to another one's.</summary>
    public static string Relative(int number) => $"../{number.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>The highest number that is taken; 0 if there is none.</summary>
    /// <exception cref="LinuxException">The directory can't be read.</exception>
    public int Last
    {
        get
        {
            using var directory = DirectoryFd.Open(Path);
            return directory.Names().Select(NumberOf).DefaultIfEmpty(0).Max();
        }
    }

    /// <summary>Makes the directory of the next round; returns its number.</summary>
    /// <exception cref="LinuxException">It can't be made.</exception>
    public int Begin()
    {
        int number = Last + 1;
        using var directory = DirectoryFd.Open(Path);
        directory.MakePrivateDirectory(number.ToString(CultureInfo.InvariantCulture)).Dispose();
        return number;
    }

    /// <summary>Removes the directory of a round that came to nothing, if nothing is in it.</summary>
    public void Abandon(int number)
    {
        using var directory = DirectoryFd.TryOpen(Path, out _);
        directory?.TryRemoveDirectory(number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The round that a new call may go on from; null: none, and the next round must be a full one. If a later one was
    /// begun and never finished, tracking may have been reset meanwhile, so that frames prove nothing: the ledger is removed, and
    /// the next round compares all pages.</summary>
    /// <exception cref="LinuxException">The directory can't be read, or the ledger can't be removed.</exception>
    public int? Resume()
    {
        int last = Last;
        if (last > 0 && IsWhole(last))
            return last;
        if (last <= 1 || !IsWhole(last - 1))
            return null;
        Distrust(last - 1);
        return last - 1;
    }

    /// <summary>Makes the next round on this one compare all pages.</summary>
    /// <exception cref="LinuxException">The ledger can't be removed.</exception>
    public void Distrust(int number)
    {
        using var directory = DirectoryFd.Open(Of(number));
        directory.RemoveIfPresent(ImageNames.Frames);
    }

    private bool IsWhole(int number)
    {
        using var directory = DirectoryFd.TryOpen(Of(number), out _);
        return directory?.Has(ImageNames.Inventory) == true;
    }

    private static int NumberOf(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && name[0] != '0' ? number : 0;
}
