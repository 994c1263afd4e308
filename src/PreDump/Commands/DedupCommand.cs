using PreDump.Core;
using PreDump.Core.Maintenance;
using PreDump.Images;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Commands;

/// <summary>`predump dedup DIR`: frees in the parents what the images in DIR replace.</summary>
internal static class DedupCommand
{
    /// <summary>Runs it; returns the exit code.</summary>
    public static int Run(string directory)
    {
        using var images = Images.Open(directory);
        if (!images.Has(ImageNames.Inventory))
            throw new PreDumpException($"the images in {directory} are not complete (there is no {ImageNames.Inventory}): "
                + "freeing what they replace would lose memory");
        if (!images.Has($"{ImageNames.Parent}/."))
            throw new PreDumpException($"{directory} has no {ImageNames.Parent} link: there is no earlier round to free");
        ulong pages = Dedup.Run(images);
        Console.Out.WriteLine($"{pages} pages, {Sizes.Bytes(pages * (double)PageSize.Bytes)} freed in the parent images");
        return ExitCode.Done;
    }
}
