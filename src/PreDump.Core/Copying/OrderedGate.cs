namespace PreDump.Core.Copying;

/// <summary>Lets batches through one at a time, in the order of their turns, whichever thread was faster. What is done between
/// <see cref="TryEnter"/> and <see cref="Leave"/> needs no other lock: each turn sees all that was done in those
/// before.</summary>
public sealed class OrderedGate
{
    private readonly object _lock = new(); // held for moments: not while a batch is inside
    private long _next;
    private bool _isClosed;

    /// <summary>Waits for a turn. False where the gate was closed before.</summary>
    public bool TryEnter(long turn)
    {
        lock (_lock)
        {
            while (_next != turn && !_isClosed)
                Monitor.Wait(_lock);
            return !_isClosed;
        }
    }

    /// <summary>Ends the turn: the next one begins.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            _next++;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Lets no more turns begin; from any thread.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.PulseAll(_lock);
        }
    }
}
