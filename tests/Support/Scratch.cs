namespace PreDump.Tests.Support;

/// <summary>A directory of one test's own, gone after it.</summary>
/// <param name="where">In which directory it is made; else in that for temporary files.</param>
internal sealed class Scratch(string? where = null) : IDisposable
{
    public string Path { get; } = where is null
        ? Directory.CreateTempSubdirectory("predump-test-").FullName
        : Directory.CreateDirectory(System.IO.Path.Combine(where, $"predump-test-{Guid.NewGuid():n}")).FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>A new empty directory inside.</summary>
    public string Folder(string name) => Directory.CreateDirectory(this[name]).FullName;

    /// <summary>Makes a file of these bytes inside; returns its path.</summary>
    public string Write(string name, ReadOnlySpan<byte> content)
    {
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
