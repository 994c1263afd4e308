namespace PreDump.Tests.Support;

/// <summary>A directory of a test, removed after it.</summary>
/// <param name="where">The parent directory; by default the one for temporary files.</param>
internal sealed class Scratch(string? where = null) : IDisposable
{
    public string Path { get; } = where is null
        ? Directory.CreateTempSubdirectory("predump-test-").FullName
        : Directory.CreateDirectory(System.IO.Path.Combine(where, $"predump-test-{Guid.NewGuid():n}")).FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>A new empty directory inside.</summary>
    public string Folder(string name) => Directory.CreateDirectory(this[name]).FullName;

    /// <summary>Writes these bytes to a file inside; returns its path.</summary>
    public string Write(string name, ReadOnlySpan<byte> content)
    {
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
