using PreDump.Core.Copying;
using PreDump.Core.Parents;
using PreDump.Core.Rounds;
using PreDump.Core.Tracking;
using PreDump.Linux;
using PreDump.PageServer.Client;

namespace PreDump.Settings;

/// <summary>What the command line of a pre-dump says; CRIU's names and meanings.</summary>
internal sealed record PreDumpOptions : ILogOptions
{
    /// <summary>The part of it that the round has to know.</summary>
    /// <param name="tree">The root that <see cref="Tree"/> names.</param>
    public RoundRequest Request(TreeRoot tree) => new()
    {
        Tree = tree,
        Parent = new ParentRequest(tree, PrevImagesDirectory, Compare),
        Tracking = Tracking,
        TrustSoftDirty = TrustSoftDirty,
        AutoDedup = AutoDedup,
        FreezeCgroup = FreezeCgroup,
        Timeout = Timeout,
        Share = Share,
        Stripes = Stripes,
        Direct = Direct,
    };

    /// <summary>The pid of the tree's root.</summary>
    public required int Tree { get; init; }

    /// <summary>Where the images go.</summary>
    public required string ImagesDirectory { get; init; }

    /// <summary>Where stats-dump and the log go; the images directory by default.</summary>
    public required string WorkDirectory { get; init; }

    /// <summary>The parent images, relative to the images directory; null in a first round.</summary>
    public string? PrevImagesDirectory { get; init; }

    /// <summary>How changes are found.</summary>
    public TrackingMethod Tracking { get; init; }

    /// <summary>Whether a page that was written is left to the parent if that has the same bytes.</summary>
    public bool Compare { get; init; } = true;

    /// <summary>Whether each page that looks clean is left to the parent, without a look at where it lies.</summary>
    public bool TrustSoftDirty { get; init; }

    /// <summary>Whether to free in the parent images what this round replaces.</summary>
    public bool AutoDedup { get; init; }

    /// <summary>A freezer cgroup that holds the tree; null freezes by ptrace.</summary>
    public string? FreezeCgroup { get; init; }

    /// <summary>How long the freezing may take.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>The page server that gets the pagemaps and pages; null: they go into the images directory.</summary>
    public PageServerOptions? PageServer { get; init; }

    /// <summary>How much of the machine the copy may have.</summary>
    public CopyShare Share { get; init; } = new(Threads: 1);

    /// <summary>How many directories the pages go to; null: as many as serve.</summary>
    public int? Stripes { get; init; }

    /// <summary>Whether pages are written past the page cache.</summary>
    public bool Direct { get; init; }

    /// <summary>Whether CRIU's figures are printed.</summary>
    public bool DisplayStats { get; init; }

    /// <summary>Whether the summary is printed as JSON.</summary>
    public bool Json { get; init; }

    /// <summary>Whether progress, summary and warnings are left out.</summary>
    public bool Quiet { get; init; }

    /// <summary>The descriptor that gets a zero byte when the tree runs on and copying begins; null: none.</summary>
    public int? StatusFd { get; init; }

    /// <summary>The log file, in the work directory; null for standard error, "-" for standard output.</summary>
    public string? LogFile { get; init; }

    /// <summary>0 and 1: errors, 2: warnings, 3: information, 4: debug.</summary>
    public int Verbosity { get; init; }

    /// <summary>Whether predump was called as criu: the log is worded as criu's, and a round that is in the images directory
    /// already is replaced, unless there is a parent.</summary>
    public bool CalledAsCriu { get; init; }
}
