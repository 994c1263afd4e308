namespace PreDump.Tests.EndToEnd.Support;

/// <summary>What /proc shows about a process, read again at each call.</summary>
internal static class ProcessView
{
    public static bool Exists(int pid) => Directory.Exists($"/proc/{pid}");

    public static IEnumerable<int> All() =>
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => char.IsAsciiDigit(name![0]))
            .Select(int.Parse!);

    /// <summary>The pipe that is its standard output, such as "pipe:[77]"; null: none, or the process is gone or
    /// foreign.</summary>
    public static string? OutputPipe(int pid)
    {
        try
        {
            var target = new FileInfo($"/proc/{pid}/fd/1").LinkTarget;
            return target?.StartsWith("pipe:", StringComparison.Ordinal) is true ? target : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>One field of a status file, or null if the process or the field is gone.</summary>
    public static string? Status(int pid, int thread, string field)
    {
        try
        {
            return File.ReadLines($"/proc/{pid}/task/{thread}/status")
                .FirstOrDefault(line => line.StartsWith(field + ":", StringComparison.Ordinal))?[(field.Length + 1)..].Trim();
        }
        catch (IOException)
        {
            return null;
        }
    }

    public static string? Status(int pid, string field) => Status(pid, pid, field);

    /// <summary>R, S, D, T (stopped by a signal), t (stopped by a tracer), Z, X; '-' if it is gone.</summary>
    public static char State(int pid, int thread) => Status(pid, thread, "State") is { Length: > 0 } state ? state[0] : '-';

    public static char State(int pid) => State(pid, pid);

    /// <summary>The process's pid in its own namespace: the last one of NSpid.</summary>
    public static int InnermostPid(int pid) => int.Parse(Status(pid, "NSpid")!.Split('\t')[^1]);

    public static int[] Threads(int pid)
    {
        try
        {
            return [.. Directory.EnumerateDirectories($"/proc/{pid}/task")
                .Select(path => int.Parse(Path.GetFileName(path))).Order()];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>The process and all its descendants, zombies too, parents first.</summary>
    public static List<int> Tree(int root)
    {
        var tree = new List<int> { root };
        for (var i = 0; i < tree.Count; i++)
            tree.AddRange(Threads(tree[i]).SelectMany(thread => Children(tree[i], thread)));
        return tree;
    }

    /// <summary>All processes of the tree that have memory.</summary>
    public static List<int> LivingTree(int root) =>
        [.. Tree(root).Where(pid => Threads(pid).Any(thread => State(pid, thread) is not ('Z' or 'X' or '-')))];

    /// <summary>A thread whose /proc directory shows the memory; the main thread may have exited before the others.</summary>
    public static int ThreadWithMemory(int pid) =>
        Threads(pid).First(thread => State(pid, thread) is not ('Z' or 'X' or '-'));

    private static IEnumerable<int> Children(int pid, int thread)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/task/{thread}/children")
                .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(int.Parse);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
