using System.Diagnostics;
using System.Globalization;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A freezer cgroup, version 1 (freezer.state) or 2 (cgroup.freeze). Its freeze outlives predump, unlike ptrace's, so a
/// <see cref="ThawGuard"/> thaws it if predump dies. A cgroup that was already frozen stays frozen. See
/// Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst and cgroup-v2.rst.</summary>
public sealed class CgroupFreezer : IDisposable
{
    private readonly bool _v1;
    private readonly string _stateFile;
    private readonly string _directory;
    private readonly Fd _state;
    private ThawGuard? _guard;

    /// <summary>Opens the freezer in a cgroup's directory.</summary>
    /// <exception cref="TreeException">The directory is not a freezer cgroup, or predump itself is in it.</exception>
    /// <exception cref="LinuxException">The state file can't be opened for writing.</exception>
    public CgroupFreezer(string directory)
    {
        _directory = directory;
        if (File.Exists(Path.Combine(directory, "freezer.state")))
            (_v1, _stateFile) = (true, Path.Combine(directory, "freezer.state"));
        else if (File.Exists(Path.Combine(directory, "cgroup.freeze")))
            (_v1, _stateFile) = (false, Path.Combine(directory, "cgroup.freeze"));
        else
            throw new TreeException($"{directory} is not a freezer cgroup: it has neither freezer.state (cgroup v1) "
                + "nor cgroup.freeze (v2)", TreeInput.FreezerCgroup);
        if (Threads().Contains(Environment.ProcessId))
            throw new TreeException($"predump itself is in cgroup {directory} and would freeze itself: run it outside",
                TreeInput.FreezerCgroup);
        WasFrozen = IsAskedToBeFrozen();
        _state = Fd.Open(_stateFile, O_WRONLY); // opened now, because thawing must not fail for lack of a descriptor
    }

    /// <summary>Whether the cgroup was frozen before <see cref="Freeze"/>.</summary>
    public bool WasFrozen { get; }

    /// <summary>Starts the guard that thaws the cgroup if predump dies. To be called before <see cref="Freeze"/>, and before
    /// anything stands still: a process takes milliseconds to start. Not needed for a cgroup that is frozen already.</summary>
    /// <exception cref="TreeException">The guard could not start.</exception>
    public void StartGuard()
    {
        if (!WasFrozen)
            _guard ??= ThawGuard.Start(_stateFile, Thawed);
    }

    /// <summary>Freezes the cgroup; returns when the kernel reports that all its tasks are frozen.</summary>
    /// <param name="patience">How long to wait.</param>
    /// <param name="interrupted">When the freeze began, as a <see cref="Stopwatch"/> timestamp.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="NotStoppedException">The cgroup did not freeze in that time.</exception>
    /// <exception cref="LinuxException">The state can't be written.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public void Freeze(FreezePatience patience, long interrupted, CancellationToken cancel)
    {
        if (!WasFrozen)
            Write(_v1 ? "FROZEN" : "1");
        for (int poll = 0; !IsFrozen(); poll++)
        {
            cancel.ThrowIfCancellationRequested();
            if (patience.IsOver(interrupted, asleep: false))
                throw new NotStoppedException(
                    $"cgroup {_directory} did not freeze: a task in it sleeps uninterruptibly", interrupted);
            if (_v1 && poll % 100 == 99)
                Write("FROZEN"); // version 1 may stay FREEZING until it is written again
            FreezeThread.Pause(poll < 100 ? 50 : 1000);
        }
    }

    /// <summary>The tids of all threads in this cgroup and its descendants.</summary>
    public HashSet<int> Threads()
    {
        var tids = new HashSet<int>();
        string file = _v1 ? "tasks" : "cgroup.threads";
        var descendants = Directory.EnumerateDirectories(_directory, "*", SearchOption.AllDirectories);
        foreach (var directory in descendants.Prepend(_directory))
        {
            string text = ProcFs.TryReadText(Path.Combine(directory, file)) ?? "";
            foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                tids.Add(int.Parse(line, CultureInfo.InvariantCulture));
        }
        return tids;
    }

    /// <summary>Undoes <see cref="Freeze"/>. Does nothing if the cgroup was already frozen before it, or is thawed
    /// already.</summary>
    /// <returns>The <see cref="Stopwatch"/> timestamp at which the tasks were released.</returns>
    /// <exception cref="TreeException">Neither predump nor its guard could thaw it; the message gives the command to run by
    /// hand.</exception>
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
        {
            string reason = new LinuxException("write", _stateFile, error).Message;
            throw new TreeException($"cgroup {_directory} could not be thawed ({reason}): "
                + $"thaw it by hand: echo {Thawed} > {_stateFile}");
        }
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
