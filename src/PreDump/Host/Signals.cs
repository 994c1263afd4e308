using System.Runtime.InteropServices;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Host;

/// <summary>SIGINT, SIGTERM and SIGHUP end a run in order: what was written is removed. SIGTSTP (Ctrl-Z) stops it, but never
/// while a tree is frozen. A signal that is ignored (nohup) stays ignored.</summary>
internal sealed class Signals : IDisposable
{
    // By its number: Windows does not have the name, and the analyzer would ask for a platform check.
    private const PosixSignal TerminalStop = (PosixSignal)20;

    private readonly CancellationTokenSource _cancel = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>Begins to listen.</summary>
    /// <exception cref="PreDumpException">The thread for it can't be started.</exception>
    public Signals()
    {
        ulong ignored = ProcStatus.OfOurselves()?.IgnoredSignals ?? 0;
        try
        {
            foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, TerminalStop })
                if ((ignored >> (signal.Number() - 1) & 1) == 0)
                    _registrations.Add(PosixSignalRegistration.Create(signal, signal == TerminalStop ? Stop : Receive));
        }
        catch (TypeInitializationException e) when (e.InnerException is IOException) // the runtime could not start its thread
        {
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
        _cancel.Dispose();
    }

    private void Receive(PosixSignalContext context)
    {
        context.Cancel = true;
        Received ??= context.Signal;
        _cancel.Cancel();
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
