using System.Runtime.InteropServices;
using PreDump.Core;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Host;

/// <summary>SIGINT, SIGTERM and SIGHUP end a run in order: what was written is removed. If that takes too long, because a file
/// system does not answer, the process ends without it. SIGTSTP (Ctrl-Z) stops it, but never while a tree is frozen. A signal
/// that is ignored (nohup) stays ignored.</summary>
internal sealed class Signals : IDisposable
{
    // By its number: Windows does not have the name, and the analyzer would ask for a platform check.
    private const PosixSignal TerminalStop = (PosixSignal)20;

    // Longer than the copy waits for what is being read or written.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _cancel = new();
    private readonly ManualResetEventSlim _ended = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly string _left;

    /// <summary>Begins to listen.</summary>
    /// <param name="left">What is said of the things that could not be put in order.</param>
    /// <exception cref="PreDumpException">The thread for it can't be started.</exception>
    public Signals(string left)
    {
        _left = left;
        ulong ignored = ProcStatus.OfOurselves()?.IgnoredSignals ?? 0;
        try
        {
            foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, TerminalStop })
                if ((ignored >> (signal.Number() - 1) & 1) == 0)
                    _registrations.Add(PosixSignalRegistration.Create(signal, signal == TerminalStop ? Stop : Receive));
        }
        catch (TypeInitializationException e) when (e.InnerException is IOException or UnauthorizedAccessException)
        { // the runtime could not start its thread
            throw new PreDumpException(Failure.NoMoreThreads);
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Cancel => _cancel.Token;

    /// <summary>The first signal that was received; null: none.</summary>
    public PosixSignal? Received { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _ended.Set();
        // Neither is disposed: a signal that came at the last moment may still be on its thread in Receive.
    }

    // On a thread that the runtime has made for the signal.
    internal void Receive(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Received is not null)
            return;
        Received = context.Signal;
        _cancel.Cancel();
        if (_ended.Wait(s_patience))
            return;
        Message.Error($"ended by {context.Signal} without waiting any longer: a file system has not answered for "
            + $"{s_patience.TotalSeconds} s; {_left}");
        OwnProcess.ExitAtOnce(ExitCode.OfSignal(context.Signal.Number()));
    }

    private static void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        FreezeThread.StopOurselves();
    }
}

/// <summary>Linux's numbers of the signals.</summary>
internal static class SignalNumbers
{
    /// <summary>As in signal(7).</summary>
    public static int Number(this PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGTERM => 15,
        > 0 => (int)signal,
        _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, null),
    };
}
