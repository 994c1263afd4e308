using System.Globalization;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>The images as criu has them at post-dump: in 1 a round by predump, of a stopped victim, and in 2 a final dump on it
/// that leaves pages to the parent. Made by hand, so that no soft-dirty is needed; memory is changed later through
/// /proc/PID/mem.</summary>
internal sealed class HandmadeDump : IDisposable
{
    public const ulong Page = Mapping.PageSize;

    private readonly Scratch _scratch = new();

    private HandmadeDump(Victim victim, string? home) => (Victim, Home) = (victim, home ?? _scratch.Path);

    public Victim Victim { get; }

    public string Home { get; }

    public string Round => Path.Combine(Home, "1");

    public string Final => Path.Combine(Home, "2");

    public string Inventory => Path.Combine(Final, ImageNames.Inventory);

    public string Unproved => Path.Combine(Final, ImageNames.UnprovedInventory);

    public string LogFile => Path.Combine(_scratch.Path, "predump-post-dump.log");

    public string Log => File.ReadAllText(LogFile);

    public string WorkDirectory => _scratch.Path;

    /// <param name="victim">The victim, which gets stopped.</param>
    /// <param name="place">Maps a run of the first round to the final dump's entries; null: all are left to the parent.</param>
    /// <param name="home">The directory for the images; null: a temporary one.</param>
    public static async Task<HandmadeDump> Take(Victim victim, Func<PagemapEntry, IEnumerable<PagemapEntry>>? place = null,
        string? home = null)
    {
        Requires.Root();
        await victim.Stop();
        var dump = new HandmadeDump(victim, home);
        Directory.CreateDirectory(dump.Round);
        Directory.CreateDirectory(dump.Final);
        await PreDumpTool.Dump(victim.Pid, dump.Round);
        var inventory = new byte[InventoryImage.MaxBytes];
        File.WriteAllBytes(dump.Inventory, inventory[..InventoryImage.Write(inventory, ProcFs.UptimeMicroseconds(), 2)]);
        File.CreateSymbolicLink(Path.Combine(dump.Final, ImageNames.Parent), "../1");
        File.WriteAllText(Path.Combine(dump.Final, "pstree.img"), "no matter");
        uint id = 0;
        foreach (int pid in victim.Tree)
            dump.WriteFinal(pid, ++id, place ?? (run => [run with { Flags = PageFlags.Parent }]));
        return dump;
    }

    /// <summary>The runs of a task in a directory.</summary>
    public static PagemapEntry[] Runs(string directory, int pid) =>
        Bytes.ReadPagemap(File.ReadAllBytes(Path.Combine(directory, ImageNames.Pagemap(pid))));

    /// <summary>Changes a byte of a page of the stopped victim's memory.</summary>
    public static void Spoil(int pid, ulong page)
    {
        using var memory = File.Open($"/proc/{pid}/mem", FileMode.Open, FileAccess.ReadWrite);
        memory.Seek((long)page + 77, SeekOrigin.Begin);
        int was = memory.ReadByte();
        memory.Seek((long)page + 77, SeekOrigin.Begin);
        memory.WriteByte((byte)(was ^ 0x5a));
    }

    /// <summary>The largest run of a task: the victim's own pages, which can be written to.</summary>
    public PagemapEntry Largest(int pid) => Runs(Round, pid).MaxBy(run => run.NrPages);

    /// <summary>The environment that criu passes, and settings.</summary>
    public Dictionary<string, string> Environment(params (string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string>
        {
            ["CRTOOLS_SCRIPT_ACTION"] = "post-dump",
            ["CRTOOLS_IMAGE_DIR"] = Final,
            ["CRTOOLS_INIT_PID"] = Victim.Pid.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var (name, value) in settings)
            environment[name] = value;
        return environment;
    }

    /// <summary>Runs predump as criu does.</summary>
    public async Task<CommandResult> Run(params (string Name, string Value)[] settings) =>
        await Command.Run(await PreDumpTool.File(), [], WorkDirectory, Environment(settings));

    /// <summary>The figures in the log's last line.</summary>
    public Dictionary<string, long> Figures() =>
        Log.TrimEnd().Split('\n').Last(line => line.Contains("pages_in_parent=")).Split(' ')
            .Select(word => word.Split('='))
            .ToDictionary(pair => pair[0], pair => long.Parse(pair[1], CultureInfo.InvariantCulture));

    /// <summary>The images are complete and match the memory of the tree page by page, as `predump verify` compares it.</summary>
    public async Task AssertProved()
    {
        Assert.True(File.Exists(Inventory), "no inventory");
        Assert.False(File.Exists(Unproved));
        var result = await PreDumpTool.Run("verify", Final, "--tree", $"{Victim.Pid}");
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    /// <summary>The names and the contents of the files in a directory.</summary>
    public static SortedDictionary<string, string> Content(string directory) => new(Directory.GetFiles(directory)
            .ToDictionary(path => Path.GetFileName(path), path => Convert.ToHexString(File.ReadAllBytes(path))),
        StringComparer.Ordinal);

    public void Dispose() => _scratch.Dispose();

    private void WriteFinal(int pid, uint id, Func<PagemapEntry, IEnumerable<PagemapEntry>> place)
    {
        var runs = Runs(Round, pid).SelectMany(place).ToArray();
        File.WriteAllBytes(Path.Combine(Final, ImageNames.Pagemap(pid)), Bytes.Pagemap(id, runs));
        using var memory = File.OpenRead($"/proc/{pid}/mem");
        using var pages = File.Create(Path.Combine(Final, ImageNames.Pages(id)));
        foreach (var run in runs.Where(run => run.Flags.HasFlag(PageFlags.Present)))
        {
            var bytes = new byte[run.NrPages * Page];
            memory.Seek((long)run.Vaddr, SeekOrigin.Begin);
            memory.ReadExactly(bytes);
            pages.Write(bytes);
        }
    }
}
