using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Cli;

/// <summary>What is copied, and how.</summary>
internal static class RoundOptions
{
    public static readonly TableOption<int?> Tree = new TableOption<int?>("--tree", "-t")
    {
        Argument = "PID",
        About = TreeInput.Root,
        Help =
        {
            [Takers.PreDump] = "The root of the process tree: it and all its descendants are pre-dumped.",
            [Takers.Series] = "The root of the process tree: it and all its descendants are taken.",
            [Takers.Verify] = "Also compare the images with the memory of the process tree with this root; it must be stopped.",
        },
    }.Number(least: 1);

    public static readonly TableOption<string?> ImagesDir = new("--images-dir", "-D")
    {
        Argument = "DIR",
        About = RoundInput.ImagesDirectory,
        Default = ".",
        Help =
        {
            [Takers.PreDump] = "Where the images go: an empty directory for each round.",
            [Takers.Series] = "The directory of the series; each round gets one in it: 1, 2, and so on.",
            [Takers.PageServer] = "Where the images go; with --rounds and --forever, where the directories of the rounds go.",
            [Takers.Verify | Takers.Show | Takers.Dedup | Takers.Squash] = "Where the images are, if no argument says so.",
            [Takers.Check] = "A directory for images: say what its file system can do, and how fast it is.",
        },
        DefaultText = { [Takers.Check] = "none" },
    };

    public static readonly TableOption<string?> PrevImagesDir = new("--prev-images-dir")
    {
        Argument = "DIR",
        About = RoundInput.Parent,
        Help =
        {
            [Takers.PreDump] = "The images of the previous round, relative to --images-dir: only what was written since is "
                + "copied.",
            [Takers.PageServer] = "The images of the previous round, relative to --images-dir. Not with --rounds and --forever.",
        },
        Details = "Parent images that are missing or of another tree are refused, and by soft-dirty those from before the last "
            + "boot, too.",
    };

    public static readonly TableOption<string?> Track = new TableOption<string?>("--track")
    {
        Argument = "auto|soft-dirty|content",
        About = RoundInput.Tracking,
        Default = "auto",
        Help =
        {
            [Takers.AnyRound] = "How changes are found: by the kernel's soft-dirty bits, or by comparing the content of all "
                + "pages with the parent's.",
        },
        Details = "auto: by content if the parent was made so or if the kernel has no soft-dirty, otherwise by soft-dirty. By "
            + "content a round reads all memory and resets nothing in the kernel; the final dump joins the chain through "
            + "predump page-server --compare, or by predump checkpoint.",
    }.Choice();

    public static readonly TableOption<bool> NoCompare = new("--no-compare")
    {
        Help = { [Takers.AnyRound] = "Copy every page that was written since, even if the parent has the same bytes." },
        Details = "Only by soft-dirty. Comparing reads the parent's pages. It pauses by itself while few pages turn out to be "
            + "unchanged, and is not done with a page server.",
    };

    public static readonly TableOption<bool> TrustSoftDirty = new("--trust-soft-dirty")
    {
        About = RoundInput.TrustSoftDirty,
        Help =
        {
            [Takers.AnyRound] = "Leave every page that the kernel calls clean to the parent, as criu does, even if mremap(2) "
                + "may have moved it there.",
        },
        Details = "No page frames are noted, so the next round without this option has to compare all pages.",
    };

    public static readonly TableOption<bool> AutoDedup = new("--auto-dedup")
    {
        About = RoundInput.AutoDedup,
        Help =
        {
            [Takers.AnyRound] = "At the end, free in the parent images what this round replaces.",
            [Takers.PageServer] = "After each round, free in its parent images what it replaces.",
        },
        Details = "If that fails there is a warning, and the images are complete all the same. predump dedup DIR does it later.",
    };

    public static readonly TableOption<string?> FreezeCgroup = new("--freeze-cgroup")
    {
        Argument = "PATH",
        About = TreeInput.FreezerCgroup,
        Help = { [Takers.AnyRound] = "Freeze through this freezer cgroup (v1 or v2) instead of ptrace." },
        Details = "A guard process thaws it if predump is killed. A cgroup that was frozen before stays frozen.",
    };

    public static readonly TableOption<int?> Timeout = new TableOption<int?>("--timeout")
    {
        Argument = "SECONDS",
        About = TreeInput.Timeout,
        Default = 10,
        Help =
        {
            [Takers.AnyRound] = "For how long the freeze is tried, and how long a page server may be silent; 0: no limit.",
            [Takers.PageServer] = "How long a client may be silent in the middle of a message; 0: no limit.",
        },
        Details = "An attempt lasts some tens of milliseconds; the tree runs between two.",
    }.Number(most: 1_000_000);

    public static readonly TableOption<int?> Threads = new TableOption<int?>("--threads")
    {
        Argument = "N",
        DefaultText = { [Takers.AnyRound] = "one for each processor, at most 8" },
        Help = { [Takers.AnyRound] = "How many threads copy." },
    }.Number(least: 1, most: 64);

    public static readonly TableOption<int?> Stripes = new TableOption<int?>("--stripes")
    {
        Argument = "N",
        About = RoundInput.Stripes,
        DefaultText =
        {
            [Takers.AnyRound] = "in a first round of 512 MiB or more, as many as there are threads, if these are 4 or more",
        },
        Help = { [Takers.AnyRound] = "Spread the pages over N directories, so that N files are written at the same time." },
        Details = "A file has one lock, and past two threads one file gets no faster. N - 1 of the directories are in "
            + "DIR/stripes, each the parent of the next one; DIR is the last one. CRIU, and all of predump's commands, read "
            + "it as any other round. Move or copy DIR as a whole. It has no effect with --page-server.",
    }.Number(least: 1, most: 64);

    public static readonly TableOption<long?> MaxRate = new TableOption<long?>("--max-rate")
    {
        Argument = "BYTES",
        Help =
        {
            [Takers.AnyRound] = "Copy at most this many bytes per second, from 256K up; K, M and G stand for KiB, MiB and GiB.",
        },
    }.Rate();

    public static readonly TableOption<int?> Nice = new TableOption<int?>("--nice")
    {
        Argument = "N",
        Help = { [Takers.AnyRound] = "The nice value of the threads that copy, 0 to 19; the freeze is not slowed down." },
    }.Number(most: 19);

    public static readonly TableOption<string?> ImageIoMode = new TableOption<string?>("--image-io-mode")
    {
        Argument = "buffered|direct",
        About = RoundInput.IoMode,
        Default = "buffered",
        Help = { [Takers.AnyRound] = "How pages are written: through the page cache, or past it (O_DIRECT)." },
        Details = "writeback, CRIU's word, is the same as buffered. Direct uses less processor time and leaves the page cache "
            + "to other programs; where the file system can't do it there is a warning, and the pages go through the cache. "
            + "It has no effect with --page-server.",
    }.Choice(synonym: "writeback");
}
