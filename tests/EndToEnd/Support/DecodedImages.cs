using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>
/// An image directory as CRIU's own Python library reads it (Debian's python3-pycriu, which crit uses), without
/// the product's readers and schemas.
/// </summary>
internal sealed class DecodedImages
{
    private const string Script = """
        import json, os, sys, pycriu
        images = {}
        for name in sorted(os.listdir(sys.argv[1])):
            path = os.path.join(sys.argv[1], name)
            if name == "stats-dump" or name.endswith(".img") and not name.startswith("pages-"):
                with open(path, "rb") as file:
                    images[name] = pycriu.images.load(file)
        json.dump(images, sys.stdout)
        """;

    private DecodedImages(string path, JsonElement images)
    {
        Path = path;
        Images = images;
        var pagemaps = images.EnumerateObject().Where(image => image.Name.StartsWith("pagemap-", StringComparison.Ordinal));
        foreach (var image in pagemaps)
        {
            string id = image.Name["pagemap-".Length..^".img".Length];
            if (id.StartsWith("shmem-", StringComparison.Ordinal))
                Segments.Add(ulong.Parse(id["shmem-".Length..]), TaskImage.From(path, image.Value));
            else
                Tasks.Add(int.Parse(id), TaskImage.From(path, image.Value));
        }
    }

    public string Path { get; }

    /// <summary>By file name, what pycriu made of each image.</summary>
    public JsonElement Images { get; }

    /// <summary>By the pid in the file's name.</summary>
    public SortedDictionary<int, TaskImage> Tasks { get; } = [];

    /// <summary>Segments of shared memory, by the inode number in the file's name; their addresses are offsets.</summary>
    public SortedDictionary<ulong, TaskImage> Segments { get; } = [];

    public JsonElement Inventory => Only("inventory.img");

    public JsonElement DumpStats => Only("stats-dump").GetProperty("dump");

    public static async Task<DecodedImages> Read(string path)
    {
        var json = await Command.Must(Requires.DebianPython, "-c", Script, path);
        return new DecodedImages(path, JsonDocument.Parse(json).RootElement);
    }

    private JsonElement Only(string name)
    {
        var entries = Images.GetProperty(name).GetProperty("entries");
        Assert.Equal(1, entries.GetArrayLength());
        return entries[0];
    }
}
