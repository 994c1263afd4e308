using System.Text.Json;
using PreDump.Core;
using PreDump.Core.Series;
using PreDump.Images;
using PreDump.Linux;
using Serilog;

namespace PreDump.Series;

/// <summary>What a final dump by the criu of this machine costs. It is measured once, by dumping small programs that are
/// started for it, corrected by each dump, and kept until criu or the kernel changes.</summary>
/// <param name="criu">criu's path.</param>
/// <param name="log">Is told of the measurement.</param>
internal sealed class DumpCosts(string criu, ILogger log)
{
    private const int Children = 3, MiB = 64, Times = 3;
    private const double MostFactor = 4;
    private const string FileName = "dump-cost.json";

    // Where a small program's memory matters little; where there are more tasks; where there is more memory, all of it written.
    private static readonly string[] s_small = ["/bin/sleep", "1000"];
    private static readonly string[] s_tasks = ["/bin/sh", "-c", "sleep 1000 & sleep 1000 & sleep 1000 & wait"];
    private static readonly string[] s_memory = ["/bin/dd", "if=/dev/zero", "of=/dev/null", $"bs={MiB}M", "status=none"];

    /// <summary>The costs; those of a common machine if they can't be measured.</summary>
    public DumpCost Of(CancellationToken cancel)
    {
        if (Kept() is { } kept)
            return kept;
        log.Information("measuring what criu dump costs on this machine, once: some small programs are started and dumped");
        try
        {
            Measure(s_small, tasks: 1, bytes: 0, cancel); // criu's first run on a machine probes the kernel
            var (small, lead) = Usual(s_small, tasks: 1, bytes: 0, cancel);
            var (tasks, _) = Usual(s_tasks, tasks: Children + 1, bytes: 0, cancel);
            var (memory, _) = Usual(s_memory, tasks: 1, bytes: MiB << 20, cancel);
            var cost = new DumpCost(small, AtLeastZero(tasks - small) / Children,
                AtLeastZero(memory - small) / PageSize.Pages(MiB << 20), lead, IsMeasured: true);
            Keep(cost);
            return cost;
        }
        catch (Exception e) when (e is not OperationCanceledException && Failure.TryExplain(e) is { } reason)
        {
            log.Warning("what criu dump costs can't be measured here ({Reason:l}): a common machine's figures are assumed",
                reason);
            return DumpCost.Assumed;
        }
    }

    /// <summary>Corrects what is kept by a real dump, halfway: no small program is like the trees that are dumped here.</summary>
    /// <param name="cost">What the estimate was made of.</param>
    /// <param name="estimate">The estimated stop.</param>
    /// <param name="stop">The true one.</param>
    public void Learn(DumpCost cost, TimeSpan estimate, TimeSpan stop)
    {
        if (!cost.IsMeasured || estimate <= TimeSpan.Zero)
            return;
        double factor = Math.Sqrt(Math.Clamp(stop / estimate, 1 / MostFactor, MostFactor));
        Keep(cost with { Base = cost.Base * factor, PerTask = cost.PerTask * factor, PerPage = cost.PerPage * factor });
    }

    private static TimeSpan AtLeastZero(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;

    // The middle one: one that a busy machine delayed would be believed from then on.
    private (TimeSpan Stop, TimeSpan Lead) Usual(string[] program, int tasks, ulong bytes, CancellationToken cancel)
    {
        var (stops, leads) = (new TimeSpan[Times], new TimeSpan[Times]);
        for (int i = 0; i < Times; i++)
            (stops[i], leads[i]) = Measure(program, tasks, bytes, cancel);
        Array.Sort(stops);
        Array.Sort(leads);
        return (stops[Times / 2], leads[Times / 2]);
    }

    // The stop, and the time before it.
    private (TimeSpan Stop, TimeSpan Lead) Measure(string[] program, int tasks, ulong bytes, CancellationToken cancel)
    {
        using var images = new TemporaryDirectory();
        int pid = OtherProgram.StartAside(program);
        try
        {
            WaitUntilReady(pid, tasks, bytes, cancel);
            long begun = System.Diagnostics.Stopwatch.GetTimestamp();
            string[] words = [criu, "dump", "-t", $"{pid}", "-D", images.Path, "-o", "dump.log", "--track-mem",
                "--action-script", Environment.ProcessPath!];
            if (OtherProgram.Run(words, [], ownSession: true) != 0)
                throw new PreDumpException($"criu dump fails: {CriuLog.FirstError(Path.Combine(images.Path, "dump.log"))}");
            var total = System.Diagnostics.Stopwatch.GetElapsedTime(begun);
            using var directory = ImageDirectory.Open(images.Path);
            var stop = StatsImage.Read(directory).Stop();
            return (stop, AtLeastZero(total - stop));
        }
        finally
        {
            KillTree(pid);
        }
    }

    private static void WaitUntilReady(int pid, int tasks, ulong bytes, CancellationToken cancel)
    {
        var root = TreeRoot.Find(pid);
        for (int tries = 0; tries < 500; tries++)
        {
            cancel.ThrowIfCancellationRequested();
            using var tree = new ProcessTree(root);
            tree.Scan((_, _) => { });
            if (tree.Tasks.Count >= tasks && PageSize.BytesOf(ProcFs.ResidentPages(pid)) >= bytes)
                return;
            Thread.Sleep(10);
        }
        throw new PreDumpException("a small program does not start within 5 s");
    }

    // criu has killed them all if it has dumped them.
    private static void KillTree(int pid)
    {
        try
        {
            using var tree = new ProcessTree(TreeRoot.Find(pid));
            tree.Scan((_, _) => { });
            foreach (var task in tree.Tasks.Where(task => task.Pid != pid))
                OtherProgram.Kill(task.Pid);
        }
        catch (TreeException)
        {
        }
        OtherProgram.End(pid);
    }

    // ---- what is kept ----

    private string Key => $"{criu} {File.GetLastWriteTimeUtc(criu):O} {ProcFs.KernelRelease} {ProgramVersion.Text}";

    private static string Folder => OwnProcess.IsRoot ? "/var/lib/predump"
        : OwnText.Variable("XDG_STATE_HOME") is { Length: > 0 } state ? Path.Combine(state, "predump")
        : Path.Combine(OwnText.Variable("HOME") ?? "/tmp", ".local/state/predump");

    private DumpCost? Kept()
    {
        try
        {
            var kept = JsonDocument.Parse(FileContent.Read(Path.Combine(Folder, FileName))).RootElement;
            return kept.GetProperty("of").GetString() != Key ? null : new DumpCost(
                Time("base_us"), Time("task_us"), Time("page_us"), Time("lead_us"), IsMeasured: true);

            TimeSpan Time(string name) => TimeSpan.FromMicroseconds(kept.GetProperty(name).GetDouble());
        }
        catch (Exception e) when (e is LinuxException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private void Keep(DumpCost cost)
    {
        try
        {
            Directory.CreateDirectory(Folder);
            using var file = PrivateFile.CreateOrTruncate(Path.Combine(Folder, FileName));
            using var text = new MemoryStream();
            using (var json = new Utf8JsonWriter(text))
            {
                json.WriteStartObject();
                json.WriteString("of", Key);
                json.WriteNumber("base_us", cost.Base.TotalMicroseconds);
                json.WriteNumber("task_us", cost.PerTask.TotalMicroseconds);
                json.WriteNumber("page_us", cost.PerPage.TotalMicroseconds);
                json.WriteNumber("lead_us", cost.Lead.TotalMicroseconds);
                json.WriteEndObject();
            }
            file.Write(text.ToArray());
        }
        catch (Exception e) when (e is LinuxException or IOException or UnauthorizedAccessException)
        {
            log.Debug("what criu dump costs can't be kept: {Reason:l}", e.Message);
        }
    }
}
