using System.Runtime.ExceptionServices;

namespace PreDump.Core.Copying;

/// <summary>The first thing that went wrong, in whichever thread; what follows from it does not matter. For any thread.</summary>
public sealed class FirstFailure : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private ExceptionDispatchInfo? _first;

    /// <summary>Set with the first failure: whatever waits ends.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Whether something went wrong.</summary>
    public bool HasHappened => Volatile.Read(ref _first) is not null;

    /// <summary>Notes what went wrong.</summary>
    public void Note(Exception e)
    {
        if (Interlocked.CompareExchange(ref _first, ExceptionDispatchInfo.Capture(e), null) is null)
            _stopping.Cancel();
    }

    /// <summary>Throws the first failure, if there is one.</summary>
    public void ThrowIfHappened() => Volatile.Read(ref _first)?.Throw();

    /// <summary>To be called when no thread works any more.</summary>
    public void Dispose() => _stopping.Dispose();
}
