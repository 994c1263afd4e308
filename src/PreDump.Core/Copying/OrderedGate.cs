namespace PreDump.Core.Copying;

/// <summary>Lets batches through one at a time, in the order of their turns, whichever thread was faster. What is done between
/// <see cref="TryEnter"/> and <see cref="Leave"/> needs no other lock: each turn sees all that was done in those
/// before.</summary>
public sealed class OrderedGate
{
    // Turns wait at doors of their own: waking all of them for each turn costs sixteen threads a third of their time.
    private readonly object[] _doors = [.. Enumerable.Range(0, 64).Select(_ => new object())];
    private long _next;
    private volatile bool _isClosed;

    /// <summary>Waits for a turn. False where the gate was closed before.</summary>
    public bool TryEnter(long turn)
    {
        for (var spin = new SpinWait(); !IsNext(turn) && !spin.NextSpinWillYield;)
            spin.SpinOnce();
        object door = DoorOf(turn);
        lock (door)
        {
            while (!IsNext(turn) && !_isClosed)
                Monitor.Wait(door);
            return !_isClosed;
        }
    }

    /// <summary>Ends the turn: the next one begins.</summary>
    public void Leave()
    {
        long next = _next + 1;
        Volatile.Write(ref _next, next);
        Wake(DoorOf(next));
    }

    /// <summary>Lets no more turns begin; from any thread.</summary>
    public void Close()
    {
        _isClosed = true;
        Array.ForEach(_doors, Wake);
    }

    private bool IsNext(long turn) => Volatile.Read(ref _next) == turn;

    private object DoorOf(long turn) => _doors[turn % _doors.Length];

    private static void Wake(object door)
    {
        lock (door)
            Monitor.PulseAll(door); // rarely more than one turn
    }
}
