using System.Diagnostics;
using PreDump.Linux.Interop;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The threads that this OS thread traces (ptrace(2)): seized one by one without being stopped, then interrupted all at
/// once, waited for, and let go. Every call must come from the one OS thread that seized them; whatever is forgotten, the
/// kernel lets go when that thread ends.</summary>
internal sealed unsafe class Tracees(CancellationToken cancel)
{
    // A fork, clone, vfork or exec after the seizing stops its thread, and a child is traced from its birth.
    private const int Options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

    private readonly List<Tracee> _all = new(64);
    private readonly HashSet<int> _tids = [];

    private enum State : byte
    {
        Running,
        Stopped,

        /// <summary>In vfork(2), waiting for a child that shares its memory and is stopped: it can't run, and can't stop either.</summary>
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

    /// <summary>Called with the tid of each child or thread that a tracee made after it was seized; returns its process.</summary>
    public Func<int, TreeTask?> Newborn { get; set; } = _ => null;

    /// <summary>Called for a process that has become another program since it was seized.</summary>
    public Action<TreeTask> Executed { get; set; } = _ => { };

    /// <summary>Begins to trace a thread without stopping it. False where it has gone or is a zombie.</summary>
    /// <exception cref="LinuxException">EPERM: not permitted.</exception>
    /// <exception cref="TreeException">Somebody else traces it.</exception>
    public bool Seize(int tid, TreeTask task)
    {
        if (_tids.Contains(tid)) // born of a tracee, and seen by /proc too
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
                        + "(a debugger or strace?): let that detach first");
                Add(tid, task, State.Running); // born of a tracee, so ours already
                return true;
            }
            FreezeThread.Pause(100); // EPERM also means: dead for a moment, while another thread's exec takes its place
        }
        throw new LinuxException("ptrace", $"PTRACE_SEIZE, {tid}", error);
    }

    /// <summary>Interrupts all that run, then waits until each has stopped, parked or gone.</summary>
    /// <exception cref="TreeException">A thread did not stop before the deadline.</exception>
    public void StopAll(long deadline)
    {
        foreach (var tracee in _all)
            if (tracee.State == State.Running && ptrace(PTRACE_INTERRUPT, tracee.Tid, 0, 0) != 0 && errno != ESRCH)
                throw new LinuxException("ptrace", $"PTRACE_INTERRUPT, {tracee.Tid}", errno); // ESRCH: the wait tells whether it stopped or ended
        for (int i = 0; i < _all.Count; i++) // grows when a tracee was just forking
            WaitFor(_all[i], deadline);
        ChooseLiveThreads();
    }

    /// <summary>Lets all stopped threads go, with the signal that they were about to get. A parked one is let go by the kernel
    /// when this OS thread ends.</summary>
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

    // A process whose chosen thread has ended is reached through another of its threads; through none, if none is left.
    private void ChooseLiveThreads()
    {
        foreach (var tracee in _all)
            if (tracee is { State: State.Gone, Task: { } task } && task.LiveTid == tracee.Tid)
                task.LoseLiveThread();
        foreach (var tracee in _all)
            if (tracee is { State: State.Stopped or State.Parked, Task: { LiveTid: 0 } task })
                task.LiveTid = tracee.Tid;
    }

    private void WaitFor(Tracee tracee, long deadline)
    {
        for (int sleepMicroseconds = 10; tracee.State == State.Running;)
        {
            int status;
            int waited = waitpid(tracee.Tid, &status, WNOHANG | WALL | WNOTHREAD);
            if (waited == tracee.Tid)
                Note(tracee, status);
            else if (waited < 0 && errno == ECHILD)
                TakenAway(tracee);
            else
            {
                // No busy wait: at real-time priority it would keep the tracee itself from its stop.
                FreezeThread.Pause(sleepMicroseconds);
                sleepMicroseconds = Math.Min(sleepMicroseconds * 2, 1000);
                if (sleepMicroseconds == 1000)
                    LookCloser(tracee, deadline);
            }
        }
    }

    // ECHILD: this thread, or another one, has run exec: the one that did goes on under the leader's tid. That may have
    // looked dead when it should have been seized.
    private void TakenAway(Tracee tracee)
    {
        tracee.State = State.Gone;
        if (tracee.Task is { } task && !_tids.Contains(task.Pid))
            Add(task.Pid, task, State.Running);
    }

    private void Note(Tracee tracee, int status)
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
            case 0: // about to get a signal: as good a stop as any, the signal is given on with the detach
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

    // A thread that does not stop at once: is it dead, does it wait for its vfork child, or is it too late?
    private void LookCloser(Tracee tracee, long deadline)
    {
        char state = ProcFs.State(tracee.Tid);
        if (state is 'Z' or 'X' or '\0')
            tracee.State = State.Gone; // a leader that exited before its threads is never reported
        else if (state == 'D' && WaitsForStoppedVforkChild(tracee))
            tracee.State = State.Parked;
        else if (cancel.IsCancellationRequested)
            throw new OperationCanceledException(cancel);
        else if (Stopwatch.GetTimestamp() > deadline)
            throw new TreeException($"thread {tracee.Tid} of task {tracee.Task} did not stop in time: its state is {Explain(state)}; "
                + "try again later, or allow more time", TreeInput.Timeout);
    }

    // In a fork-like call, in state D, and with a stopped child that shares its memory.
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
            Note(tracee, status);
    }

    private static string Explain(char state) => state switch
    {
        'D' => "D (uninterruptible sleep: it waits for a device, a network file system or a vfork child)",
        'R' => "R (it runs in the kernel)",
        _ => state.ToString(),
    };
}
