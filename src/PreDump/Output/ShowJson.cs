using System.Text.Json;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>Images as JSON: of a file what crit show prints, "magic" and "entries" with CRIU's field names; of a directory an
/// overview, counts in pages.</summary>
internal static class ShowJson
{
    /// <summary>inventory.img.</summary>
    public static void Inventory(Inventory inventory) => Image(ImageKind.Inventory, json =>
    {
        json.WriteStartObject();
        WriteFields(json, inventory);
        json.WriteEndObject();
    });

    /// <summary>stats-dump.</summary>
    public static void Stats(DumpStats stats) => Image(ImageKind.Stats, json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("dump");
        json.WriteNumber("freezing_time", stats.FreezingMicroseconds);
        json.WriteNumber("frozen_time", stats.FrozenMicroseconds);
        json.WriteNumber("memdump_time", stats.MemdumpMicroseconds);
        json.WriteNumber("memwrite_time", stats.MemwriteMicroseconds);
        json.WriteNumber("pages_scanned", stats.PagesScanned);
        json.WriteNumber("pages_skipped_parent", stats.PagesSkippedParent);
        json.WriteNumber("pages_written", stats.PagesWritten);
        json.WriteNumber("pages_lazy", stats.PagesLazy);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <summary>A pagemap, as it is read.</summary>
    public static void Pagemap(PagemapReader pagemap) => Image(ImageKind.Pagemap, json =>
    {
        json.WriteStartObject();
        json.WriteNumber("pages_id", pagemap.PagesId);
        json.WriteEndObject();
        while (pagemap.TryRead(out var entry))
        {
            json.WriteStartObject();
            json.WriteString("vaddr", $"0x{entry.Vaddr:x}");
            json.WriteNumber("nr_pages", entry.NrPages);
            json.WriteString("flags", FlagNames.Of(entry.Flags));
            json.WriteEndObject();
            if (json.BytesPending > 64 * 1024)
                json.Flush();
        }
    });

    /// <summary>A frame ledger.</summary>
    public static void Frames(FrameLedger ledger) => Image(ImageKind.Frames, json =>
    {
        json.WriteStartObject();
        json.WriteNumber("dump_uptime", ledger.Head.DumpUptime);
        json.WriteString("boot_id", ledger.Head.Boot);
        json.WriteEndObject();
        foreach (var (pid, task) in ledger.Tasks)
        {
            json.WriteStartObject();
            json.WriteNumber("pid", pid);
            json.WriteNumber("start_time", task.StartTime);
            json.WriteNumber("runs", task.Runs);
            json.WriteNumber("pages", task.Pages);
            json.WriteBoolean("void", task.IsVoid);
            json.WriteEndObject();
        }
    });

    /// <summary>A directory of images.</summary>
    public static void Directory(string path, RoundOverview overview) => JsonOutput.Print(json =>
    {
        json.WriteString("images_dir", RawText.Printable(path));
        if (overview.Inventory is { } inventory)
        {
            json.WriteStartObject("inventory");
            WriteFields(json, inventory);
            json.WriteEndObject();
        }
        else
            json.WriteNull("inventory");
        json.WriteString("parent", overview.Chain[0].ParentLink is { } parent ? RawText.Printable(parent) : null);
        json.WriteNumber("rounds", overview.Chain.Count);
        json.WriteNumber("stripes", overview.Stripes);
        json.WriteStartArray("pagemaps");
        foreach (var task in overview.Pagemaps)
        {
            json.WriteStartObject();
            json.WriteString("name", RawText.Printable(task.Name));
            if (task.Pid is { } pid)
                json.WriteNumber("pid", pid);
            json.WriteNumber("pages_id", task.PagesId);
            json.WriteNumber("runs", task.Runs);
            json.WriteNumber("pages_present", task.Present);
            json.WriteNumber("pages_in_parent", task.InParent);
            json.WriteNumber("pages_lazy", task.Lazy);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (overview.Frames is { } frames)
        {
            json.WriteStartObject("frame_ledger");
            json.WriteNumber("tasks", frames.Tasks);
            json.WriteNumber("pages", frames.Pages);
            json.WriteString("problem", frames.Problem);
            json.WriteEndObject();
        }
        else
            json.WriteNull("frame_ledger");
        json.WriteStartArray("other_images");
        foreach (var name in overview.OtherImages)
            json.WriteStringValue(RawText.Printable(name));
        json.WriteEndArray();
    });

    private static void WriteFields(Utf8JsonWriter json, Inventory inventory)
    {
        json.WriteNumber("img_version", inventory.ImgVersion);
        if (inventory.DumpUptime is { } uptime)
            json.WriteNumber("dump_uptime", uptime);
        if (inventory.PreDumpMode is { } mode)
            json.WriteNumber("pre_dump_mode", mode);
    }

    private static void Image(string magic, Action<Utf8JsonWriter> entries) => JsonOutput.Print(json =>
    {
        json.WriteString("magic", magic);
        json.WriteStartArray("entries");
        entries(json);
        json.WriteEndArray();
    });
}
