using System.Diagnostics;
using System.Globalization;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A freezer cgroup, version 1 (freezer.state) or 2 (cgroup.freeze). Unlike ptrace's, its freeze outlives us, so a
/// <see cref="ThawGuard"/> thaws it if we die. A cgroup that was frozen before stays frozen.</summary>
public sealed class CgroupFreezer : IDisposable
{
    private readonly bool _v1;
    private readonly string _stateFile;
    private readonly string _directory;
    private readonly Fd _state;
    private ThawGuard? _guard;

    /// <summary>Opens the freezer of a cgroup's directory.</summary>
    /// <exception cref="TreeException">The directory is no freezer cgroup, or predump itself is in it.</exception>
    public CgroupFreezer(string directory)
    {
        _directory = directory;
        if (File.Exists(Path.Combine(directory, "freezer.state")))
            (_v1, _stateFile) = (true, Path.Combine(directory, "freezer.state"));
        else if (File.Exists(Path.Combine(directory, "cgroup.freeze")))
            (_v1, _stateFile) = (false, Path.Combine(directory, "cgroup.freeze"));
        else
            throw new TreeException($"{directory} is not a freezer cgroup: it has neither freezer.state (cgroup v1) nor cgroup.freeze (v2)",
                TreeInput.FreezerCgroup);
        if (Threads().Contains(Environment.ProcessId))
            throw new TreeException($"predump itself is in cgroup {directory} and would freeze itself: run it outside",
                TreeInput.FreezerCgroup);
        WasFrozen = IsAskedToBeFrozen();
        _state = Fd.Open(_stateFile, O_WRONLY); // held, so that thawing needs nothing that could be lacking by then
    }

    /// <summary>Whether somebody else had frozen it already.</summary>
    public bool WasFrozen { get; }

    /// <summary>Freezes it, and returns when the kernel says that all its tasks stand still.</summary>
    public void Freeze(long deadline, CancellationToken cancel)
    {
        if (!WasFrozen)
        {
            _guard = ThawGuard.Start(_stateFile, Thawed);
            Write(_v1 ? "FROZEN" : "1");
        }
        for (int round = 0; !IsFrozen(); round++)
        {
            if (cancel.IsCancellationRequested)
                throw new OperationCanceledException(cancel);
            if (Stopwatch.GetTimestamp() > deadline)
                throw new TreeException($"cgroup {_directory} did not freeze in time: a task in it sleeps uninterruptibly; "
                    + "try again later, or allow more time", TreeInput.Timeout);
            if (_v1 && round % 100 == 99)
                Write("FROZEN"); // version 1 may stay FREEZING until it is told again
            FreezeThread.Pause(round < 100 ? 50 : 1000);
        }
    }

    /// <summary>The threads in it and in the cgroups below it.</summary>
    public HashSet<int> Threads()
    {
        var tids = new HashSet<int>();
        string file = _v1 ? "tasks" : "cgroup.threads";
        foreach (var directory in Directory.EnumerateDirectories(_directory, "*", SearchOption.AllDirectories).Prepend(_directory))
            foreach (var line in (ProcFs.TryReadText(Path.Combine(directory, file)) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
                tids.Add(int.Parse(line, CultureInfo.InvariantCulture));
        return tids;
    }

    /// <summary>Thaws what <see cref="Freeze"/> froze; does nothing else, and nothing twice. Returns when the tasks were let go, which is
    /// before the guard has ended.</summary>
    /// <exception cref="TreeException">Neither we nor the guard could: the message says what to do by hand.</exception>
    public long Thaw()
    {
        if (_guard is not { } guard)
            return Stopwatch.GetTimestamp();
        _guard = null;
        if (TryWrite(Thawed) == 0)
        {
            long thawed = Stopwatch.GetTimestamp();
            guard.Dismiss();
            return thawed;
        }
        guard.ThawNow();
        if (IsAskedToBeFrozen() && TryWrite(Thawed) is not 0 and var error)
            throw new TreeException($"cgroup {_directory} could not be thawed ({new LinuxException("write", _stateFile, error).Message}): "
                + $"thaw it by hand: echo {Thawed} > {_stateFile}");
        return Stopwatch.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Thaw();
        _state.Dispose();
    }

    private string Thawed => _v1 ? "THAWED" : "0";

    private bool IsAskedToBeFrozen() => ProcFs.TryReadText(_stateFile)?.Trim() is "FROZEN" or "FREEZING" or "1";

    private bool IsFrozen() => _v1
        ? ProcFs.TryReadText(_stateFile)?.Trim() == "FROZEN"
        : ProcFs.TryReadText(Path.Combine(_directory, "cgroup.events"))?.Contains("frozen 1", StringComparison.Ordinal) == true;

    private void Write(string state)
    {
        if (TryWrite(state) is not 0 and var error)
            throw new LinuxException("write", $"{_stateFile}, {state}", error);
    }

    private int TryWrite(string state) => _state.TryWriteOnce(System.Text.Encoding.ASCII.GetBytes(state));
}
