using System.Text.Json;
using PreDump.Core;
using PreDump.Core.Series;
using PreDump.Images;
using PreDump.Linux;
using PreDump.Settings;
using Serilog;

namespace PreDump.Series;

/// <summary>What a final dump by the criu of this machine costs. It is measured once, by dumping small programs that are
/// started for it, corrected by each dump, and kept until criu or the kernel changes.</summary>
/// <param name="criu">criu's path.</param>
/// <param name="log">Is told of the measurement.</param>
internal sealed class DumpCosts(string criu, ILogger log)
{
    private const int Children = 3, MiB = 16, Times = 5;
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
            var (small, lead) = Shortest(s_small, tasks: 1, bytes: 0, cancel);
            var (tasks, _) = Shortest(s_tasks, tasks: Children + 1, bytes: 0, cancel);
            var (memory, _) = Shortest(s_memory, tasks: 1, bytes: MiB << 20, cancel);
            var cost = DumpCost.Of(small, tasks, memory, lead);
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

    /// <summary>Corrects what is kept by a real dump.</summary>
    /// <param name="cost">What was expected of it.</param>
    /// <param name="dump">What it has cost.</param>
    public void Learn(DumpCost cost, DumpSample dump)
    {
        if (cost.IsMeasured)
            Keep(cost.After(dump));
    }

    // The shortest: what a busy machine adds is no cost of criu's, and would be believed from then on.
    private (DumpSample Dump, TimeSpan Lead) Shortest(string[] program, int tasks, ulong bytes, CancellationToken cancel)
    {
        var measured = Enumerable.Range(0, Times).Select(_ => Measure(program, tasks, bytes, cancel)).ToList();
        var dump = measured[0].Dump with
        {
            Stop = measured.Min(one => one.Dump.Stop),
            Memory = measured.Min(one => one.Dump.Memory),
        };
        return (dump, measured.Min(one => one.Lead));
    }

    // What the dump costs, and the time before the stop.
    private (DumpSample Dump, TimeSpan Lead) Measure(string[] program, int tasks, ulong bytes, CancellationToken cancel)
    {
        using var images = new TemporaryDirectory();
        int pid = OtherProgram.StartAside(program);
        try
        {
            WaitUntilReady(pid, tasks, bytes, cancel);
            long begun = System.Diagnostics.Stopwatch.GetTimestamp();
            var request = new DumpRequest(criu, pid, images.Path, Parent: null,
                SoftDirty.IsSupported() ? ["--track-mem"] : [], DumpOptions.None);
            if (!request.Run().IsDone)
                throw new PreDumpException($"criu dump fails: {CriuLog.FirstError(request.LogFile)}");
            var total = System.Diagnostics.Stopwatch.GetElapsedTime(begun);
            using var directory = ImageDirectory.Open(images.Path);
            var dump = new DumpSample(StatsImage.Read(directory), tasks, isElsewhere: false);
            return (dump, total > dump.Stop ? total - dump.Stop : TimeSpan.Zero);
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
