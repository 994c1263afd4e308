using System.Text;
using PreDump.Core.History;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Report;

/// <summary>Where the page goes. It names files and addresses of the tree, as its images do, so that only this user may read it
/// (mode 0600): whoever wants to hand it on can.</summary>
internal static class ReportFile
{
    private const string StandardOutput = "-";

    /// <summary>Writes the page about the rounds in a directory, or about a chain by its last directory.</summary>
    /// <param name="rounds">The directory.</param>
    /// <param name="file">The file, which is complete or as it was before; "-" is standard output.</param>
    /// <exception cref="ImageException">There are no rounds, or an image or the journal is damaged.</exception>
    /// <exception cref="LinuxException">The file can't be written.</exception>
    /// <exception cref="InvalidDataException">There is something else than a file in its place.</exception>
    public static void Write(string rounds, string file)
    {
        var page = Encoding.UTF8.GetBytes(ReportPage.Of(ChainHistory.Of(rounds)));
        if (file == StandardOutput)
        {
            using var output = Console.OpenStandardOutput();
            output.Write(page);
        }
        else
            Replace(file, page);
    }

    /// <summary>Throws now what <see cref="Write"/> would throw of the file, for those who have much to do before.</summary>
    /// <exception cref="LinuxException">Its directory can't be opened.</exception>
    /// <exception cref="InvalidDataException">There is something else than a file in its place.</exception>
    public static void Check(string file)
    {
        if (file != StandardOutput)
            Folder(file, out _).Dispose();
    }

    private static DirectoryFd Folder(string file, out string name)
    {
        name = Path.GetFileName(file);
        string folder = file[..^name.Length];
        var directory = DirectoryFd.Open(folder.Length > 0 ? folder : ".");
        using (directory.TryOpenRegular(name, out string? problem))
            if (problem is null)
                return directory;
            else
                directory.Dispose();
        throw new InvalidDataException($"{file} can't be written: there is something else than a file");
    }

    private static void Replace(string file, byte[] content)
    {
        using var directory = Folder(file, out string name);
        string unfinished = $".{name}.new";
        directory.RemoveIfPresent(unfinished);
        try
        {
            using (var written = directory.CreatePrivate(unfinished))
            {
                written.Write(content);
                written.Close();
            }
            directory.Rename(unfinished, name);
        }
        catch
        {
            _ = directory.TryUnlink(unfinished);
            throw;
        }
    }
}
