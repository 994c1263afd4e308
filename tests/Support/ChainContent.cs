using System.Security.Cryptography;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Tests.Support;

/// <summary>What a chain of images holds, whichever of its rounds has it.</summary>
internal static class ChainContent
{
    /// <summary>A digest for each page that the last round has or leaves to its parents, by pagemap and address.</summary>
    public static SortedDictionary<string, string> Of(string last)
    {
        var content = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var chain = ImageChain.Open(last);
        foreach (string pagemap in chain[0].Names().Where(ImageNames.IsPagemap))
            Add(content, chain, pagemap);
        return content;
    }

    private static void Add(SortedDictionary<string, string> content, ImageChain chain, string pagemap)
    {
        using var entries = PagemapReader.Open(chain[0], pagemap, PageSize.Bytes);
        using var pages = ChainedPages.TryOpen(chain, pagemap, PageSize.Bytes)!;
        var bytes = new byte[PageSize.Bytes];
        while (entries.TryRead(out var entry))
            for (ulong i = 0; i < entry.NrPages; i++)
            {
                ulong address = entry.Vaddr + PageSize.BytesOf(i);
                pages.Locate(address, 1, out var source);
                source.Round?.Read(source.Offset, bytes);
                content.Add($"{pagemap} {address:x16}", source.Round is null ? "nowhere"
                    : Convert.ToHexString(SHA256.HashData(bytes)));
            }
    }
}
