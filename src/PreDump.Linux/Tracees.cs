using System.Diagnostics;
using PreDump.Linux.Interop;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The threads that this OS thread traces. They are seized one by one without being stopped, then all interrupted,
/// awaited and detached. All members must be called from one OS thread; when it ends, the kernel detaches the remaining tracees.
/// <code>
///   Seize --> Running --- PTRACE_INTERRUPT, waitpid ------> Stopped -- DetachAll --> Gone
///                |------- in vfork(2), child stopped -----> Parked --- DetachAll --> Gone
///                |------- exited, or replaced by exec ----> Gone
///                `------- fork, vfork, clone: the child is added as Running, traced from birth
/// </code>
/// See ptrace(2).</summary>
internal sealed unsafe class Tracees(CancellationToken cancel)
{
    // After PTRACE_SEIZE a fork, clone, vfork or exec stops its thread, and the child is traced from birth.
    private const int Options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

    private readonly List<Tracee> _all = new(64);
    private readonly HashSet<int> _tids = [];
    private FreezePatience _patience;
    private long _interrupted;

    private enum State : byte
    {
        Running,
        Stopped,

        /// <summary>In vfork(2), waiting for a stopped child that shares its memory: it can neither run nor stop.</summary>
        Parked,
        Gone,
    }

    private sealed class Tracee(int tid, TreeTask? task)
    {
        public readonly int Tid = tid;
        public readonly TreeTask? Task = task;
        public State State;
        public int Signal;
    }

    /// <summary>Called with the tid of each process or thread that a tracee created after it was seized; returns its
    /// process.</summary>
    public Func<int, TreeTask?> Newborn { get; set; } = _ => null;

    /// <summary>Called for a process that has called exec since it was seized.</summary>
    public Action<TreeTask> Executed { get; set; } = _ => { };

    /// <summary>Checks that predump may wait for tracees: a seccomp filter that refuses it must not be found out when they are
    /// stopped. See waitpid(2).</summary>
    /// <exception cref="LinuxException">The call is refused.</exception>
    public static void RefuseWithoutWait()
    {
        int status;
        if (waitpid(Environment.ProcessId, &status, WNOHANG | WALL | WNOTHREAD) < 0
            && errno is var error && (error == EPERM || error == EACCES || error == ENOSYS))
            throw new LinuxException("waitpid", "a traced task", error);
    }

    /// <summary>Starts tracing a thread without stopping it. False if it has gone or is a zombie. See ptrace(2),
    /// PTRACE_SEIZE.</summary>
    /// <exception cref="LinuxException">EPERM: not permitted.</exception>
    /// <exception cref="TreeException">Another process traces it.</exception>
    public bool Seize(int tid, TreeTask task)
    {
        if (_tids.Contains(tid)) // created by a tracee, and found in /proc as well
            return true;
        int error = 0;
        for (int tries = 0; tries < 20; tries++)
        {
            if (ptrace(PTRACE_SEIZE, tid, 0, Options) == 0)
            {
                Add(tid, task, State.Running);
                return true;
            }
            error = errno;
            char state = ProcFs.State(tid);
            if (error == ESRCH || state is 'Z' or 'X' || (state == '\0' && !ProcFs.Hides(tid)))
                return false;
            if (ProcStatus.TryRead(tid) is { TracerPid: > 0 } status)
            {
                if (status.TracerPid != Syscall.GetTid())
                    throw new TreeException($"task {tid} ({status.Name}) is already traced by task {status.TracerPid} "
                        + "(a debugger or strace?): detach it first");
                Add(tid, task, State.Running); // created by a tracee, so traced by us already
                return true;
            }
            FreezeThread.Pause(100); // EPERM can be transient, while another thread's exec replaces this one
        }
        throw new LinuxException("ptrace", $"PTRACE_SEIZE, {tid}", error);
    }

    /// <summary>Interrupts all running tracees, then waits until each of them is stopped, parked or gone.</summary>
    /// <param name="patience">How long to wait.</param>
    /// <param name="interrupted">When the freeze began, as a <see cref="Stopwatch"/> timestamp.</param>
    /// <exception cref="NotStoppedException">A thread did not stop in that time.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public void StopAll(FreezePatience patience, long interrupted)
    {
        (_patience, _interrupted) = (patience, interrupted);
        foreach (var tracee in _all) // on ESRCH the wait below finds out whether it has stopped or ended
            if (tracee.State == State.Running && ptrace(PTRACE_INTERRUPT, tracee.Tid, 0, 0) != 0 && errno != ESRCH)
                throw new LinuxException("ptrace", $"PTRACE_INTERRUPT, {tracee.Tid}", errno);
        for (int i = 0; i < _all.Count; i++) // the list grows if a tracee was just forking
            WaitFor(_all[i]);
        ChooseLiveThreads();
    }

    /// <summary>Detaches all stopped threads and delivers the signals that they were about to receive. The kernel detaches the
    /// parked ones when this OS thread ends. See ptrace(2), PTRACE_DETACH.</summary>
    public void DetachAll()
    {
        foreach (var tracee in _all)
        {
            if (tracee.State == State.Stopped)
                _ = ptrace(PTRACE_DETACH, tracee.Tid, 0, tracee.Signal); // ESRCH: killed meanwhile
            tracee.State = State.Gone;
        }
    }

    private Tracee Add(int tid, TreeTask? task, State state)
    {
        var tracee = new Tracee(tid, task) { State = state };
        _all.Add(tracee);
        _tids.Add(tid);
        if (task is not null && (task.LiveTid == 0 || tid == task.Pid))
            task.LiveTid = tid;
        return tracee;
    }

    // If a process's live thread has ended, another of its threads takes its place; if none is left, it has none.
    private void ChooseLiveThreads()
    {
        foreach (var tracee in _all)
            if (tracee is { State: State.Gone, Task: { } task } && task.LiveTid == tracee.Tid)
                task.LoseLiveThread();
        foreach (var tracee in _all)
            if (tracee is { State: State.Stopped or State.Parked, Task: { LiveTid: 0 } task })
                task.LiveTid = tracee.Tid;
    }

    private void WaitFor(Tracee tracee)
    {
        for (int sleepMicroseconds = 10; tracee.State == State.Running;)
        {
            int status;
            int waited = waitpid(tracee.Tid, &status, WNOHANG | WALL | WNOTHREAD);
            if (waited == tracee.Tid)
                RecordStop(tracee, status);
            else if (waited < 0 && errno == ECHILD)
                ReplacedByExec(tracee);
            else
            {
                // Not a busy wait, which at real-time priority would prevent the tracee from running until its stop.
                FreezeThread.Pause(sleepMicroseconds);
                sleepMicroseconds = Math.Min(sleepMicroseconds * 2, 1000);
                if (sleepMicroseconds == 1000)
                    CheckStuck(tracee);
            }
        }
    }

    // After ECHILD: a thread of the process has called exec and now has the leader's tid. The leader may have looked dead when it
    // was to be seized, so it is added here.
    private void ReplacedByExec(Tracee tracee)
    {
        tracee.State = State.Gone;
        if (tracee.Task is { } task && !_tids.Contains(task.Pid))
            Add(task.Pid, task, State.Running);
    }

    private void RecordStop(Tracee tracee, int status)
    {
        bool stopped = (status & 0xff) == 0x7f;
        if (!stopped)
        {
            tracee.State = State.Gone;
            return;
        }
        tracee.State = State.Stopped;
        int signal = (status >> 8) & 0xff;
        switch (status >> 16)
        {
            case 0: // stopped to receive a signal, which is delivered at the detach
                tracee.Signal = signal;
                break;
            case PTRACE_EVENT_FORK or PTRACE_EVENT_VFORK or PTRACE_EVENT_CLONE:
                nint child;
                if (ptrace(PTRACE_GETEVENTMSG, tracee.Tid, 0, (nint)(&child)) == 0 && !_tids.Contains((int)child))
                    Add((int)child, Newborn((int)child), State.Running);
                break;
            case PTRACE_EVENT_EXEC when tracee.Task is { } task:
                Executed(task);
                break;
        }
    }

    // For a thread that does not stop at once: is it dead, waiting for its vfork child, or too slow?
    private void CheckStuck(Tracee tracee)
    {
        char state = ProcFs.State(tracee.Tid);
        if (state is 'Z' or 'X' or '\0')
        {
            tracee.State = State.Gone; // waitpid never reports a leader that exits before its threads
            return;
        }
        if (state == 'D' && WaitsForStoppedVforkChild(tracee))
        {
            tracee.State = State.Parked;
            return;
        }
        if (state == 'D' && FrozenCgroup.Of(tracee.Tid) is { } cgroup)
            throw new TreeException($"thread {tracee.Tid} of task {tracee.Task} can't stop, as its freezer cgroup {cgroup} is "
                + $"frozen: thaw that (echo THAWED > {cgroup}/freezer.state), or let predump use it", TreeInput.FreezerCgroup);
        cancel.ThrowIfCancellationRequested();
        if (_patience.IsOver(_interrupted, asleep: state == 'D'))
            throw new NotStoppedException($"thread {tracee.Tid} of task {tracee.Task} did not stop: "
                + $"its state is {Explain(state)}", _interrupted);
    }

    // Whether a thread in state D is inside a fork-like call and has a stopped child that shares its memory.
    private bool WaitsForStoppedVforkChild(Tracee parent)
    {
        if (!VforkCall.IsIn(parent.Tid))
            return false;
        for (int i = 0; i < _all.Count; i++)
        {
            var child = _all[i];
            if (child == parent || child.Task is not { } task || task.ParentPid != parent.Task?.Pid)
                continue;
            if (child.State == State.Running)
                PollOnce(child);
            if (child.State is State.Stopped or State.Parked && VforkCall.ShareMemory(parent.Tid, child.Tid))
                return true;
        }
        return false;
    }

    private void PollOnce(Tracee tracee)
    {
        int status;
        if (waitpid(tracee.Tid, &status, WNOHANG | WALL | WNOTHREAD) == tracee.Tid)
            RecordStop(tracee, status);
    }

    private static string Explain(char state) => state switch
    {
        'D' => "D (uninterruptible sleep: waiting for a device, a network file system or a vfork child)",
        'R' => "R (running in the kernel)",
        _ => state.ToString(),
    };
}
