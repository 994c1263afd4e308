namespace PreDump.Tests.Support;

/// <summary>Where the sources are, seen from the built tests.</summary>
internal static class Repository
{
    public static string Top { get; } = Find();

    private static string Find()
    {
        for (var at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
            if (File.Exists(Path.Combine(at, "PreDump.sln")))
                return at;
        throw new DirectoryNotFoundException($"no PreDump.sln above {AppContext.BaseDirectory}");
    }
}
