namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A disk whose N-th write fails with EIO (tests/victims/faultyfs.c), mounted for one test.</summary>
internal sealed class FaultyDisk : IAsyncDisposable
{
    private readonly Scratch _scratch = new();
    private Victim? _server;

    public string Path => _scratch.Path;

    /// <param name="at">The number of the write that fails, from 1.</param>
    /// <param name="cached">The kernel caches writes until the file is closed, and reports the error then.</param>
    public static async Task<FaultyDisk> Mount(int at, bool cached)
    {
        Requires.Root();
        var disk = new FaultyDisk();
        try
        {
            disk._server = await Victim.Start("faultyfs", at, disk.Path, cached ? "cached" : "at once");
            return disk;
        }
        catch
        {
            disk._scratch.Dispose();
            throw;
        }
    }

    /// <summary>Unmounts it; true if a write failed.</summary>
    public async Task<bool> HasFailed()
    {
        await Command.Must("/bin/umount", Path);
        var said = await _server!.Line();
        await _server.DisposeAsync();
        _server = null;
        return said == "FAILED";
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await HasFailed();
        _scratch.Dispose();
    }
}
