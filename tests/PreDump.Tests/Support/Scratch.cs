namespace PreDump.Tests.Support;

/// <summary>A directory of one test's own, gone after it.</summary>
internal sealed class Scratch : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("predump-test-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>A new empty directory inside.</summary>
    public string Folder(string name) => Directory.CreateDirectory(this[name]).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
