using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>64 MiB of swap for one test: a file, or a zram device if the file system does not support swap files.</summary>
internal sealed class SwapFile : IAsyncDisposable
{
    private readonly string _path;
    private readonly bool _isZram;

    private SwapFile(string path, bool isZram)
    {
        _path = path;
        _isZram = isZram;
    }

    /// <summary>Tries to make it; skips the test if this machine does not allow that.</summary>
    public static async Task<SwapFile> Create()
    {
        Requires.Root();
        Requires.Program("/usr/sbin/mkswap", "util-linux");
        var path = Path.Combine(Path.GetTempPath(), $"predump-test-swap-{Guid.NewGuid():n}");
        await Command.Must("/bin/dd", "if=/dev/zero", $"of={path}", "bs=1M", "count=64", "status=none");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var failure = await SwapOn(path);
        if (failure is null)
            return new SwapFile(path, isZram: false);
        File.Delete(path);

        var zram = await Command.Run("/usr/sbin/zramctl", ["--find", "--size", "64M"]);
        if (zram.ExitCode == 0 && await SwapOn(zram.Output.Trim()) is null)
            return new SwapFile(zram.Output.Trim(), isZram: true);
        Assert.Skip($"no swap can be had: {failure}");
        throw new InvalidOperationException();
    }

    public async ValueTask DisposeAsync()
    {
        for (int tries = 0; tries < 20 && (await Command.Run("/usr/sbin/swapoff", [_path])).ExitCode != 0; tries++)
            await Task.Delay(500); // a machine may have too little memory for a moment
        Assert.DoesNotContain(File.ReadLines("/proc/swaps"), line => line.StartsWith(_path + " ", StringComparison.Ordinal));
        if (_isZram)
            await Command.Must("/usr/sbin/zramctl", "--reset", _path);
        else
            File.Delete(_path);
    }

    private static async Task<string?> SwapOn(string path)
    {
        await Command.Must("/usr/sbin/mkswap", path);
        var result = await Command.Run("/usr/sbin/swapon", [path]);
        return result.ExitCode == 0 ? null : result.Errors.Trim();
    }
}
