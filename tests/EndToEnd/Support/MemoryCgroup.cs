using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A cgroup with a memory limit, v1 or v2, for one test. Declare it before the victim, to remove it last.</summary>
internal sealed class MemoryCgroup : IDisposable
{
    private MemoryCgroup(string path) => Path = path;

    public string Path { get; }

    /// <summary>Tries to make one; skips the test if this machine has no memory controller available.</summary>
    /// <param name="bytes">The limit of its memory; swap doesn't count.</param>
    public static MemoryCgroup Create(long bytes)
    {
        Requires.Root();
        foreach (var (hierarchy, limit) in new[]
            { ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max") })
        {
            var cgroup = new MemoryCgroup(System.IO.Path.Combine(hierarchy, $"predump-test-{Guid.NewGuid():n}"));
            try
            {
                Directory.CreateDirectory(cgroup.Path);
                File.WriteAllText(System.IO.Path.Combine(cgroup.Path, limit), $"{bytes}");
                return cgroup;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (Directory.Exists(cgroup.Path))
                    cgroup.Dispose();
            }
        }
        Assert.Skip("no cgroup with a memory limit can be made here");
        throw new InvalidOperationException();
    }

    /// <summary>A command that runs another one inside.</summary>
    public string[] Inside(string file, params string[] arguments) =>
        ["-c", $"echo $$ > '{Path}/cgroup.procs' && exec \"$0\" \"$@\"", file, .. arguments];

    // A cgroup with dying processes in it can't be removed yet.
    public void Dispose()
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                Directory.Delete(Path);
                return;
            }
            catch (IOException) when (tries < 100)
            {
                Thread.Sleep(20);
            }
        }
    }
}
