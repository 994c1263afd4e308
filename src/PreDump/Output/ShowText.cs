using PreDump.Core;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>Images as tables for people.</summary>
internal static class ShowText
{
    /// <summary>A directory of images: the round, its chain, a line for each pagemap.</summary>
    public static void Directory(RoundOverview overview)
    {
        if (overview.Inventory is { } inventory)
            Inventory(inventory);
        else
            Console.Out.WriteLine($"no {ImageNames.Inventory}: the images are not complete, a round on them is under way, or a "
                + "page server wrote them");
        foreach (var (round, parent) in overview.Chain.Zip(overview.Chain.Skip(1)))
            Console.Out.WriteLine($"parent         {OneLine.Of(parent.Path)}"
                + (round.HasAbsoluteLink ? " (an absolute link: it breaks if the images are moved)" : ""));
        Console.Out.WriteLine($"rounds         {overview.Chain.Count}");
        if (overview.Stripes > 1)
            Console.Out.WriteLine($"stripes        {overview.Stripes}, in {ImageNames.Stripes}/ and here");
        Console.Out.WriteLine();
        Console.Out.WriteLine($"{"pagemap",-28} {"runs",10} {"pages here",12} {"size",10} {"in parent",12} {"lazy",12}  pages");
        foreach (var task in overview.Pagemaps)
            Console.Out.WriteLine($"{OneLine.Of(task.Name),-28} {task.Runs,10} {task.Present,12} {Size(task.Present),10} "
                + $"{task.InParent,12} {task.Lazy,12}  {ImageNames.Pages(task.PagesId)}");
        ulong present = Sum(overview, task => task.Present);
        Console.Out.WriteLine($"{Sizes.Count(overview.Pagemaps.Count, "pagemap"),-28} {Sum(overview, task => task.Runs),10} "
            + $"{present,12} {Size(present),10} {Sum(overview, task => task.InParent),12} {Sum(overview, task => task.Lazy),12}");
        if (overview.Frames is { } frames)
            Console.Out.WriteLine(frames.Problem is { } problem ? $"frame ledger   {problem}"
                : $"frame ledger   {Sizes.Count(frames.Pages, "page")} of {Sizes.Count(frames.Tasks, "task")}");
        if (overview.OtherImages.Count > 0)
            Console.Out.WriteLine($"{Sizes.Count(overview.OtherImages.Count, "other image")} of CRIU, see crit show");
    }

    /// <summary>inventory.img.</summary>
    public static void Inventory(Inventory inventory)
    {
        Console.Out.WriteLine($"img_version    {inventory.ImgVersion} "
            + $"({(inventory.ImgVersion == 0 ? "a pre-dump" : "a full dump")})");
        if (inventory.DumpUptime is { } uptime)
            Console.Out.WriteLine($"dump_uptime    {uptime} us after boot "
                + $"({TimeSpan.FromMicroseconds(Math.Min(uptime, 1UL << 56)):c})");
        if (inventory.PreDumpMode is { } mode)
            Console.Out.WriteLine($"pre_dump_mode  {mode} ({mode switch { 1 => "splice", 2 => "read", _ => "unknown" }})");
    }

    /// <summary>A pagemap, as it is read.</summary>
    public static void Pagemap(PagemapReader pagemap)
    {
        Console.Out.WriteLine($"pages are in {ImageNames.Pages(pagemap.PagesId)}");
        Console.Out.WriteLine($"{"vaddr",18} {"pages",12} {"offset",18}  flags");
        ulong offset = 0;
        while (pagemap.TryRead(out var entry))
        {
            bool here = entry.Flags.HasFlag(PageFlags.Present);
            Console.Out.WriteLine($"{$"0x{entry.Vaddr:x}",18} {entry.NrPages,12} {(here ? $"0x{offset:x}" : "-"),18}  "
                + FlagNames.Of(entry.Flags));
            offset += here ? PageSize.BytesOf(entry.NrPages) : 0;
        }
    }

    /// <summary>A frame ledger.</summary>
    public static void Frames(FrameLedger ledger)
    {
        Console.Out.WriteLine($"dump_uptime    {ledger.Head.DumpUptime} us after boot {ledger.Head.Boot}");
        Console.Out.WriteLine($"{"pid",10} {"start time",14} {"runs",10} {"pages",12}");
        foreach (var (pid, task) in ledger.Tasks)
            Console.Out.WriteLine($"{pid,10} {task.StartTime,14} {task.Runs,10} {task.Pages,12}{(task.IsVoid ? "  void" : "")}");
    }

    private static string Size(ulong pages) => Sizes.Bytes(pages * (double)PageSize.Bytes);

    private static ulong Sum(RoundOverview overview, Func<PagemapOverview, ulong> count) =>
        overview.Pagemaps.Aggregate(0UL, (sum, task) => sum + count(task));
}
