using PreDump.Core.Copying;
using PreDump.Core.Parents;
using PreDump.Core.Rounds;
using PreDump.Linux;
using PreDump.PageServer;

namespace PreDump.Settings;

/// <summary>What the command line of a pre-dump says; CRIU's names and meanings.</summary>
internal sealed record PreDumpOptions : ILogOptions
{
    /// <summary>What of it is asked of the round.</summary>
    /// <param name="tree">The root that <see cref="Tree"/> names.</param>
    public RoundRequest Request(TreeRoot tree) => new()
    {
        Tree = tree,
        Parent = new ParentRequest(tree, PrevImagesDirectory, Compare),
        TrustSoftDirty = TrustSoftDirty,
        AutoDedup = AutoDedup,
        FreezeCgroup = FreezeCgroup,
        Timeout = Timeout,
        Share = Share,
        Direct = Direct,
    };

    /// <summary>The pid of the tree's root.</summary>
    public required int Tree { get; init; }

    /// <summary>Where the images go.</summary>
    public required string ImagesDirectory { get; init; }

    /// <summary>Where stats-dump, the log and the pid file go; the images directory unless told otherwise.</summary>
    public required string WorkDirectory { get; init; }

    /// <summary>The parent images, relative to the images directory; null in a first round.</summary>
    public string? PrevImagesDirectory { get; init; }

    /// <summary>Leave a page that was written to the parent where that has the same bytes.</summary>
    public bool Compare { get; init; } = true;

    /// <summary>Leave each page that looks clean to the parent, without a look at where it lies.</summary>
    public bool TrustSoftDirty { get; init; }

    /// <summary>Free in the parent images what this round replaces.</summary>
    public bool AutoDedup { get; init; }

    /// <summary>A freezer cgroup that holds the tree; null freezes by ptrace.</summary>
    public string? FreezeCgroup { get; init; }

    /// <summary>How long the freezing may take.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Where the pagemaps and pages go; null: into the images directory.</summary>
    public PageServerOptions? PageServer { get; init; }

    /// <summary>How much of the machine the copy may have.</summary>
    public CopyShare Share { get; init; } = new(Threads: 1);

    /// <summary>Write the pages past the page cache.</summary>
    public bool Direct { get; init; }

    /// <summary>Print CRIU's figures.</summary>
    public bool DisplayStats { get; init; }

    /// <summary>Print the summary as JSON.</summary>
    public bool Json { get; init; }

    /// <summary>No progress, no summary, no warnings.</summary>
    public bool Quiet { get; init; }

    /// <summary>Gets our pid, in the work directory; null for none.</summary>
    public string? PidFile { get; init; }

    /// <summary>Gets a zero byte when the tree runs on and copying begins; null for none.</summary>
    public int? StatusFd { get; init; }

    /// <summary>The log file, in the work directory; null for standard error, "-" for standard output.</summary>
    public string? LogFile { get; init; }

    /// <summary>0 nothing but errors' last line, 1 errors, 2 warnings, 3 information, 4 debug.</summary>
    public int Verbosity { get; init; }
}
