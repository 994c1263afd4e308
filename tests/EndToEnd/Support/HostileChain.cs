using System.Net.Sockets;
using PreDump.Images;
using PreDump.Images.Schema;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A chain of two rounds of one task, whose first round, the parent, is damaged or forged in one of many ways.</summary>
internal sealed class HostileChain : IDisposable
{
    private readonly HandmadeRounds _folder = new();

    /// <param name="pid">The task's pid.</param>
    /// <param name="uptime">dump_uptime of the first round.</param>
    /// <param name="damage">One of <see cref="Damages"/>; null: none.</param>
    public HostileChain(int pid, ulong uptime, string? damage = null)
    {
        First = _folder.Round("1", uptimeMicroseconds: uptime);
        Second = _folder.Round("2", "../1", uptime + 1);
        Third = Directory.CreateDirectory(Path.Combine(_folder.Path, "3")).FullName;
        Pages = _folder.Task(First, pid, 1, (10, 4, PageFlags.Present), (20, 4, PageFlags.Present));
        _folder.Task(Second, pid, 2, (10, 2, PageFlags.Present), (12, 2, PageFlags.Parent), (20, 4, PageFlags.Parent));
        Pagemap = Path.Combine(First, ImageNames.Pagemap(pid));
        Inventory = Path.Combine(First, ImageNames.Inventory);
        if (damage is not null)
            s_damages[damage](this);
    }

    public string First { get; }

    public string Second { get; }

    /// <summary>Empty.</summary>
    public string Third { get; }

    public string Pagemap { get; }

    public string Pages { get; }

    public string Inventory { get; }

    /// <summary>The kinds of damage, by name.</summary>
    public static IEnumerable<string> Damages => s_damages.Keys;

    public void Dispose() => _folder.Dispose();

    private static readonly Dictionary<string, Action<HostileChain>> s_damages = new()
    {
        ["pagemap of another magic"] = chain => Change(chain.Pagemap, 5, 0xff),
        ["pagemap without bytes"] = chain => File.WriteAllBytes(chain.Pagemap, []),
        ["pagemap cut short"] = chain => Shorten(chain.Pagemap, 1),
        ["pagemap with a record of 4 GiB"] = chain => Append(chain.Pagemap, [.. Bytes.UInt32(uint.MaxValue), 1, 2, 3]),
        ["pagemap with overlapping runs"] = chain => Append(chain.Pagemap, Entry(21, 9)),
        ["pagemap with runs out of order"] = chain => Append(chain.Pagemap, Entry(1, 1)),
        ["pagemap with a run of 2^64 pages"] = chain => Append(chain.Pagemap, Bytes.Record(new pagemap_entry
        {
            Vaddr = 0x100000,
            CompatNrPages = 1,
            NrPages = ulong.MaxValue,
            Flags = 4,
        })),
        ["pagemap with a run in kernel space"] = chain => Append(chain.Pagemap, Entry(0xffff_8880_0000_0000 / 4096, 1)),
        ["pagemap with an unaligned run"] = chain =>
            Append(chain.Pagemap, Bytes.Record(new pagemap_entry { Vaddr = 0x100001, CompatNrPages = 1, Flags = 4 })),
        ["pagemap with a run here and in the parent"] = chain =>
            Append(chain.Pagemap, Bytes.Record(new pagemap_entry { Vaddr = 0x100000, CompatNrPages = 1, Flags = 5 })),
        ["pagemap with a run that is nowhere"] = chain =>
            Append(chain.Pagemap, Bytes.Record(new pagemap_entry { Vaddr = 0x100000, CompatNrPages = 1, Flags = 0 })),
        ["pagemap with a run for a parent that is not there"] = chain =>
            Append(chain.Pagemap, Bytes.Record(new pagemap_entry { Vaddr = 0x100000, CompatNrPages = 1, Flags = 1 })),
        ["pagemap that is a FIFO"] = chain => Fifo(chain.Pagemap),
        ["pagemap that is a socket"] = chain => Socket(chain.Pagemap),
        ["pagemap that leads to a device"] = chain => Link(chain.Pagemap, "/dev/zero"),
        ["pagemap that is a directory"] = chain => Folder(chain.Pagemap),
        ["pagemap that leads to itself"] = chain => Link(chain.Pagemap, Path.GetFileName(chain.Pagemap)),
        ["pages cut short"] = chain => Shorten(chain.Pages, 4096),
        ["pages too long"] = chain => Append(chain.Pages, [1]),
        ["pages missing"] = chain => File.Delete(chain.Pages),
        ["pages that are a FIFO"] = chain => Fifo(chain.Pages),
        ["pages that lead to a device"] = chain => Link(chain.Pages, "/dev/zero"),
        ["inventory of another magic"] = chain => Change(chain.Inventory, 0, 0xff),
        ["inventory with a record of 4 GiB"] = chain =>
            File.WriteAllBytes(chain.Inventory, [.. Bytes.UInt32(Magic.Inventory), .. Bytes.UInt32(uint.MaxValue), 1]),
        ["inventory that is a FIFO"] = chain => Fifo(chain.Inventory),
        ["inventory that is a directory"] = chain => Folder(chain.Inventory),
        ["parents in a loop"] = chain => Directory.CreateSymbolicLink(Path.Combine(chain.First, "parent"), "../2"),
        ["a parent that is itself"] = chain => Directory.CreateSymbolicLink(Path.Combine(chain.First, "parent"), "parent"),
        ["a parent that leads nowhere"] = chain =>
            Directory.CreateSymbolicLink(Path.Combine(chain.First, "parent"), "../nowhere"),
        ["a parent that is a file"] = chain => File.WriteAllText(Path.Combine(chain.First, "parent"), ""),
        ["a parent that is a FIFO"] = chain => Fifo(Path.Combine(chain.First, "parent")),
        ["a thousand parents"] = chain => DeepChain(chain.First),
    };

    private static byte[] Entry(ulong page, uint count) =>
        Bytes.Record(new pagemap_entry { Vaddr = page * 4096, CompatNrPages = count, Flags = 4 });

    private static void Change(string path, int at, byte mask)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[at] ^= mask;
        File.WriteAllBytes(path, bytes);
    }

    private static void Shorten(string path, int bytes)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(file.Length - bytes);
    }

    private static void Append(string path, byte[] bytes)
    {
        using var file = File.Open(path, FileMode.Append);
        file.Write(bytes);
    }

    private static void Fifo(string path)
    {
        File.Delete(path);
        Command.Must("/usr/bin/mkfifo", path).GetAwaiter().GetResult();
    }

    private static void Socket(string path)
    {
        File.Delete(path);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        // A path in sun_path has at most 107 bytes.
        string at = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("n"));
        socket.Bind(new UnixDomainSocketEndPoint(at));
        File.Move(at, path);
    }

    private static void Link(string path, string target)
    {
        File.Delete(path);
        File.CreateSymbolicLink(path, target);
    }

    private static void Folder(string path)
    {
        File.Delete(path);
        Directory.CreateDirectory(path);
    }

    private static void DeepChain(string directory)
    {
        for (int i = 0; i < ImageChain.MaxLength; i++)
        {
            string parent = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(directory)!, $"deep{i}")).FullName;
            Directory.CreateSymbolicLink(Path.Combine(directory, "parent"), "../" + Path.GetFileName(parent));
            directory = parent;
        }
    }
}
