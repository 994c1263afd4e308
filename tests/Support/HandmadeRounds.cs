using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Tests.Support;

/// <summary>Rounds made by hand in one directory, each page filled with one byte value; removed at the end.</summary>
internal sealed class HandmadeRounds : IDisposable
{
    private readonly Scratch? _own;

    private uint _pagesId;

    public HandmadeRounds() => Path = (_own = new Scratch()).Path;

    /// <summary>In a directory that the caller removes.</summary>
    public HandmadeRounds(string path) => Path = path;

    public string Path { get; }

    public static int PageBytes => PageSize.Bytes;

    public string Round(string name, string? parent = null, ulong uptimeMicroseconds = 1)
    {
        string directory = Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;
        var inventory = new byte[InventoryImage.MaxBytes];
        File.WriteAllBytes(System.IO.Path.Combine(directory, ImageNames.Inventory),
            inventory[..InventoryImage.Write(inventory, uptimeMicroseconds, 2)]);
        if (parent is not null)
            File.CreateSymbolicLink(System.IO.Path.Combine(directory, ImageNames.Parent), parent);
        return directory;
    }

    /// <summary>Writes a task's images; each present page holds <paramref name="fill"/>.</summary>
    public string Task(string directory, int pid, byte fill, params (ulong Page, ulong Count, PageFlags Flags)[] runs)
    {
        var image = new byte[64 * 1024];
        var encoder = new PagemapEncoder();
        int length = encoder.WriteHead(image, ++_pagesId);
        ulong present = 0;
        foreach (var (page, count, flags) in runs)
        {
            length += encoder.WriteEntry(image.AsSpan(length), new PagemapEntry(page * (ulong)PageBytes, count, flags));
            present += flags.HasFlag(PageFlags.Present) ? count : 0;
        }
        File.WriteAllBytes(System.IO.Path.Combine(directory, ImageNames.Pagemap(pid)), image[..length]);
        string pages = System.IO.Path.Combine(directory, ImageNames.Pages(_pagesId));
        var bytes = new byte[(int)present * PageBytes];
        Array.Fill(bytes, fill);
        File.WriteAllBytes(pages, bytes);
        return pages;
    }

    /// <summary>The pages of a pages file that are left, that is, not all zeros.</summary>
    public static IEnumerable<int> PagesLeft(string pages) =>
        File.ReadAllBytes(pages).Chunk(PageBytes).Select((page, i) => (page, i))
            .Where(part => part.page.Any(b => b != 0)).Select(part => part.i);

    public void Dispose() => _own?.Dispose();
}
