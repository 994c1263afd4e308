namespace PreDump.Core.Series;

/// <summary>What a final dump by criu costs on this machine, in time that the tree stands still.</summary>
/// <param name="Base">For a tree of one small task: freezing, criu's parasite, all that is not memory.</param>
/// <param name="PerTask">For each task more.</param>
/// <param name="PerPage">For each page that is copied.</param>
/// <param name="Lead">The time from the start of criu until it freezes the tree; pages are written in it.</param>
/// <param name="IsMeasured">Whether it was measured on this machine; else it is assumed.</param>
public sealed record DumpCost(TimeSpan Base, TimeSpan PerTask, TimeSpan PerPage, TimeSpan Lead, bool IsMeasured)
{
    // No machine copies faster; a busy one may hide what a page costs.
    private static readonly TimeSpan s_leastPerPage = TimeSpan.FromMicroseconds(0.4);

    // A dump of fewer pages says nothing of what one costs: the time of memory is for tasks and their page tables then.
    private const ulong FewestPages = 1024;

    // One dump that something has delayed is not believed more than this.
    private const double MostFactor = 4;

    /// <summary>What the end of a connection to a page server takes: criu sends its last message by a socket that is corked
    /// (tcp(7), TCP_CORK), so that the kernel holds it back for 200 ms; the tree stands still all the time.</summary>
    public static readonly TimeSpan Disconnecting = TimeSpan.FromMilliseconds(200);

    /// <summary>What is assumed where there is no criu to measure: a common server's figures, from the benchmark.</summary>
    public static readonly DumpCost Assumed = new(TimeSpan.FromMilliseconds(60), TimeSpan.FromMilliseconds(10),
        TimeSpan.FromMicroseconds(2.5), TimeSpan.FromMilliseconds(50), IsMeasured: false);

    /// <summary>The part of a stop that does not depend on what was written.</summary>
    /// <param name="tasks">The number of tasks.</param>
    public TimeSpan Fixed(int tasks) => Base + PerTask * (Math.Max(tasks, 1) - 1);

    /// <summary>The costs of a dump of some small programs: what grows with tasks and pages is the difference.</summary>
    /// <param name="small">A small program.</param>
    /// <param name="tasks">More tasks.</param>
    /// <param name="memory">More memory, all of it written.</param>
    /// <param name="lead">The time from the start of criu until it freezes the tree.</param>
    public static DumpCost Of(DumpSample small, DumpSample tasks, DumpSample memory, TimeSpan lead) => new(
        small.Stop,
        AtLeastZero(tasks.Stop - small.Stop) / Math.Max(tasks.Tasks - small.Tasks, 1),
        Longer((memory.Memory - small.Memory) / Math.Max((double)memory.Pages - small.Pages, 1), s_leastPerPage),
        lead,
        IsMeasured: true);

    /// <summary>The costs, corrected by a real dump, since no small program is like the trees that are dumped here: halfway if it
    /// took shorter, and a quarter of the way if it took longer, because what a busy machine adds is no cost of criu's.
    /// What pages cost is corrected by what criu took for its pages, and all else by the rest of the stop, so that an error of
    /// one is not laid on the other.</summary>
    /// <param name="dump">The dump.</param>
    public DumpCost After(DumpSample dump)
    {
        bool isPages = dump.Pages >= FewestPages;
        var held = dump.IsCorked ? Disconnecting : TimeSpan.Zero;
        var memory = dump.IsElsewhere ? dump.Memory + held : isPages ? dump.Memory : PerPage * dump.Pages;
        double rest = Correction(dump.Stop - memory, Fixed(dump.Tasks));
        double page = isPages && !dump.IsElsewhere ? Correction(dump.Memory, PerPage * dump.Pages) : 1;
        return this with { Base = Base * rest, PerTask = PerTask * rest, PerPage = PerPage * page };
    }

    private static double Correction(TimeSpan taken, TimeSpan expected)
    {
        if (expected <= TimeSpan.Zero)
            return 1;
        double factor = Math.Clamp(taken / expected, 1 / MostFactor, MostFactor);
        return Math.Pow(factor, factor < 1 ? 0.5 : 0.25);
    }

    private static TimeSpan AtLeastZero(TimeSpan time) => Longer(time, TimeSpan.Zero);

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
