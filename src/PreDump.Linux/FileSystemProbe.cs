using System.Runtime.InteropServices;
using PreDump.Linux.Interop;

namespace PreDump.Linux;

/// <summary>Tries what a file system can do, with files that are removed again. Each answer is false where a call fails, and null
/// where it fails for lack of space (ENOSPC, EDQUOT), which says nothing about the file system.</summary>
/// <param name="directory">A directory in it; owned by the caller.</param>
public sealed class FileSystemProbe(DirectoryFd directory)
{
    private const string Name = ".predump.probe", Other = ".predump.probe.new";
    private const int Bytes = 64 * 1024;

    /// <summary>The bytes that this user may still write there; null if that is not known. See fstatfs(2).</summary>
    public unsafe ulong? FreeBytes
    {
        get
        {
            long* status = stackalloc long[15]; // struct statfs: f_type, f_bsize, f_blocks, f_bfree, f_bavail, ...
            return LibCExtra.fstatfs(directory.Number, status) == 0 ? (ulong)status[1] * (ulong)status[4] : null;
        }
    }

    /// <summary>Whether there can be symbolic links.</summary>
    public bool? HasLinks() => Try(() => directory.CreateSymlink(Name, "."));

    /// <summary>Whether blocks in the middle of a file can be freed. See fallocate(2), FALLOC_FL_PUNCH_HOLE.</summary>
    public bool? PunchesHoles() => Try(() => WithFile(file => file.PunchHole(0, Bytes / 2)));

    /// <summary>Whether files can be written past the page cache. See open(2), O_DIRECT.</summary>
    public bool? WritesDirectly() => Try(() => WithFile(file =>
    {
        if (!file.TryBypassCache(true))
            throw new LinuxException("fcntl", directory.PathOf(Name), Errno.EINVAL);
    }));

    /// <summary>Whether two directories can be exchanged in one step. See renameat2(2), RENAME_EXCHANGE.</summary>
    public bool? Exchanges() => Try(() =>
    {
        directory.MakePrivateDirectory(Name).Dispose();
        directory.MakePrivateDirectory(Other).Dispose();
        directory.Exchange(Name, Other);
    });

    private unsafe void WithFile(Action<Fd> prepare)
    {
        using var file = directory.CreatePrivate(Name);
        var bytes = NativeMemory.AlignedAlloc(Bytes, Bytes);
        try
        {
            var block = new Span<byte>(bytes, Bytes);
            block.Clear();
            file.WriteAt(block, 0);
            prepare(file);
            file.WriteAt(block, 0);
        }
        finally
        {
            NativeMemory.AlignedFree(bytes);
        }
    }

    private bool? Try(Action what)
    {
        try
        {
            what();
            return true;
        }
        catch (LinuxException e)
        {
            return e.Errno is Errno.ENOSPC or Errno.EDQUOT ? null : false;
        }
        finally
        {
            foreach (string name in new[] { Name, Other })
                if (directory.TryUnlink(name) == Errno.EISDIR)
                    directory.TryRemoveDirectory(name);
        }
    }
}
