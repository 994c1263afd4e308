namespace PreDump.Images;

/// <summary>Resolves symbolic links anywhere in a path, which the framework does only for its last name.</summary>
internal static class RealPath
{
    private const int MaxLinks = 40; // as Linux

    /// <returns>The directory's absolute path without symbolic links, "." and "..".</returns>
    /// <exception cref="ImageException">No such directory, or too many links on the way.</exception>
    internal static string Of(string directory)
    {
        string resolved = "/";
        var names = new Stack<string>();
        Push(names, Path.IsPathRooted(directory) ? directory : Path.Combine(Environment.CurrentDirectory, directory)); // (which may have been removed)
        for (int links = 0; names.TryPop(out string? name);)
        {
            // What is resolved has no links, so its ".." is the name before.
            string next = name == ".." ? Path.GetDirectoryName(resolved) ?? "/" : Path.Combine(resolved, name);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }
            if (++links > MaxLinks)
                throw new ImageException(directory, "too many symbolic links");
            if (target.StartsWith('/'))
                resolved = "/";
            Push(names, target);
        }
        return Directory.Exists(resolved) ? resolved : throw new ImageException(directory, $"{resolved} is no directory");
    }

    private static void Push(Stack<string> names, string path)
    {
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            if (name != ".")
                names.Push(name);
    }
}
