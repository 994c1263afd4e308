using System.ComponentModel;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>
/// A cgroup with a freezer, v1 or v2, made for one test; its members are thawed and moved out at the end. Declare it
/// after its victim, so that it is removed first: a process in a frozen v1 cgroup can't even be killed.
/// </summary>
internal sealed class TestCgroup : IDisposable
{
    private static readonly string[] s_hierarchies1 = ["/sys/fs/cgroup/freezer"];
    private static readonly string[] s_hierarchies2 = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

    private readonly string _parent;
    private readonly int _version;

    private TestCgroup(int version, string parent)
    {
        _version = version;
        _parent = parent;
        Path = System.IO.Path.Combine(parent, $"predump-test-{Guid.NewGuid():n}");
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public bool IsFrozen => _version == 1
        ? File.ReadAllText(At("freezer.state")).Trim() == "FROZEN"
        : File.ReadLines(At("cgroup.events")).Contains("frozen 1");

    /// <summary>True if it is thawed and not about to be frozen.</summary>
    public bool IsThawed => _version == 1
        ? File.ReadAllText(At("freezer.state")).Trim() == "THAWED"
        : File.ReadAllText(At("cgroup.freeze")).Trim() == "0" && !IsFrozen;

    /// <summary>Tries to make one; skips the test if this machine has no such freezer.</summary>
    public static TestCgroup Create(int version)
    {
        Requires.Root();
        foreach (var hierarchy in version == 1 ? s_hierarchies1 : s_hierarchies2)
        {
            if (!Directory.Exists(hierarchy))
                continue;
            try
            {
                var cgroup = new TestCgroup(version, hierarchy);
                if (File.Exists(cgroup.At(version == 1 ? "freezer.state" : "cgroup.freeze")))
                    return cgroup;
                cgroup.Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }
        }
        Assert.Skip($"no cgroup v{version} freezer can be made here");
        throw new InvalidOperationException();
    }

    public void Add(Victim victim)
    {
        foreach (var pid in victim.Tree)
            File.WriteAllText(At("cgroup.procs"), $"{pid}");
    }

    /// <summary>Allows a user to freeze it.</summary>
    public Task GiveTo(int user) => Command.Must("/bin/chown", $"{user}", At(_version == 1 ? "freezer.state" : "cgroup.freeze"));

    public async Task Freeze()
    {
        Write(frozen: true);
        await Eventually.True(() => IsFrozen, "the cgroup freezes");
    }

    public void Dispose()
    {
        if (File.Exists(At("cgroup.procs")))
        {
            if (File.Exists(At(_version == 1 ? "freezer.state" : "cgroup.freeze")))
                Write(frozen: false);
            foreach (var pid in File.ReadAllLines(At("cgroup.procs")))
                MoveOut(pid);
        }
        Directory.Delete(Path);
    }

    private void Write(bool frozen)
    {
        if (_version == 1)
            File.WriteAllText(At("freezer.state"), frozen ? "FROZEN" : "THAWED");
        else
            File.WriteAllText(At("cgroup.freeze"), frozen ? "1" : "0");
    }

    private void MoveOut(string pid)
    {
        try
        {
            File.WriteAllText(System.IO.Path.Combine(_parent, "cgroup.procs"), pid);
        }
        catch (Exception e) when (e is IOException or Win32Exception)
        {
            // It has exited.
        }
    }

    private string At(string file) => System.IO.Path.Combine(Path, file);
}
