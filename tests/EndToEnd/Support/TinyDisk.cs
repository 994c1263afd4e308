namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A tmpfs with a limit of bytes, and optionally of files, mounted for one test.</summary>
internal sealed class TinyDisk : IAsyncDisposable
{
    private readonly Scratch _scratch = new();

    public string Path => _scratch.Path;

    public static async Task<TinyDisk> Mount(long bytes, int? inodes = null)
    {
        Requires.Root();
        var disk = new TinyDisk();
        await Command.Must("/bin/mount", "-t", "tmpfs", "-o",
            inodes is null ? $"size={bytes}" : $"size={bytes},nr_inodes={inodes}", "tmpfs", disk.Path);
        return disk;
    }

    public async ValueTask DisposeAsync()
    {
        await Command.Must("/bin/umount", Path);
        _scratch.Dispose();
    }
}
