using System.Text;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>The directory of the round that another one, or a final dump, is made on. It is opened once, and what stands in it says from
/// then on whether it may be built upon:
/// <code>
/// inventory.img                      a parent for the next round
///   │ Claim             ▲ Release: nothing has become of it
///   ▼                   │
/// inventory.img.unfinished-round     a round on it is under way, or failed too late: no parent, for criu neither
///   │ Mark, Release                  (restoring through it needs no inventory)
///   ▼
/// inventory.img + predump-child      a round was made on it: no parent for another one
/// </code></summary>
public sealed class ParentDirectory : IDisposable
{
    // Room for a path and a number.
    private const int MostOfChild = 8 * 1024;

    /// <param name="images">The directory; owned from then on.</param>
    public ParentDirectory(ImageDirectory images) => Images = images;

    /// <summary>What is in it.</summary>
    public ImageDirectory Images { get; }

    /// <summary>Its path, for messages.</summary>
    public string Path => Images.Path;

    /// <summary>Whether its inventory is out of the way for another round, one under way or one that has failed.</summary>
    public bool IsClaimed => !Images.Has(ImageNames.Inventory) && Images.Has(ImageNames.ClaimedInventory);

    /// <summary>Whether another round or dump was made on it, whatever the mark says.</summary>
    public bool HasChild => Images.Descriptor.HasEntry(ImageNames.Child);

    /// <summary>What was made on it; null where the mark does not say so in words.</summary>
    public string? ReadChild()
    {
        using var mark = Images.Descriptor.TryOpenRegular(ImageNames.Child, out _);
        var bytes = new byte[MostOfChild];
        int length = mark?.TryReadAt(bytes, 0) ?? 0;
        string name = Encoding.UTF8.GetString(bytes, 0, Math.Max(length, 0)).Split('\n')[0];
        return name.Length > 0 ? name : null;
    }

    /// <summary>Takes the inventory out of the way.</summary>
    /// <exception cref="LinuxException">ENOENT: another round has done so.</exception>
    public void Claim() => Images.Descriptor.Rename(ImageNames.Inventory, ImageNames.ClaimedInventory);

    /// <summary>Puts it back.</summary>
    public void Release() => Images.Descriptor.Rename(ImageNames.ClaimedInventory, ImageNames.Inventory);

    /// <summary>Writes down what was made on it.</summary>
    /// <param name="child">The directory of what was made.</param>
    /// <param name="uptime">Its dump_uptime, in microseconds.</param>
    /// <exception cref="LinuxException">EEXIST: something else was.</exception>
    public void Mark(string child, ulong uptime)
    {
        using var mark = Images.Descriptor.CreatePrivate(ImageNames.Child);
        mark.Write(Encoding.UTF8.GetBytes($"{child}\n{uptime}\n"));
        mark.Close();
    }

    /// <summary>Removes what is written there of an earlier child.</summary>
    public void Unmark() => Images.Descriptor.TryUnlink(ImageNames.Child);

    /// <inheritdoc/>
    public void Dispose() => Images.Dispose();
}
