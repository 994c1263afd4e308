using System.Text;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>What stands in the directory of a round while another one, or a final dump, is made on it, and afterwards:
/// <code>
/// inventory.img                      a parent for whoever comes
///   │ Claim
/// inventory.img.unfinished-round     under way, or failed too late: no parent (restoring through it needs no inventory)
///   │ Mark, Release
/// inventory.img + predump-child      used: no parent for another one
/// </code></summary>
public static class ParentMarks
{
    /// <summary>Takes the inventory out of the way.</summary>
    /// <exception cref="LinuxException">ENOENT: somebody else has done so.</exception>
    public static void Claim(Fd directory) => directory.Rename(ImageNames.Inventory, ImageNames.ClaimedInventory);

    /// <summary>Puts it back.</summary>
    public static void Release(Fd directory) => directory.Rename(ImageNames.ClaimedInventory, ImageNames.Inventory);

    /// <summary>Writes down what was made on it.</summary>
    /// <param name="directory">The round's.</param>
    /// <param name="child">The directory of what was made.</param>
    /// <param name="uptime">Its dump_uptime, in microseconds.</param>
    public static void Mark(Fd directory, string child, ulong uptime)
    {
        using var mark = directory.CreatePrivate(ImageNames.Child);
        mark.Write(Encoding.UTF8.GetBytes($"{child}\n{uptime}\n"));
        mark.Close();
    }
}
