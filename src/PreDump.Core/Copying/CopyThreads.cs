using System.Diagnostics;
using PreDump.Core.Reading;

namespace PreDump.Core.Copying;

/// <summary>The threads that copy, each with a batch of its own. Threads are started, abandoned and waited for by the caller's
/// thread alone; one lock guards the counts.</summary>
/// <param name="work">What a thread does with its batch, until nothing is left to do. It throws nothing but
/// <see cref="ReadGivenUpException"/>.</param>
public sealed class CopyThreads(Action<PlannedBatch> work) : IDisposable
{
    private const int StackBytes = 256 * 1024;

    private readonly object _lock = new();
    private readonly ManualResetEventSlim _ended = new(false, spinCount: 0);
    private readonly List<PlannedBatch> _batches = [];
    private int _working;

    /// <summary>The batches of all threads that were not abandoned.</summary>
    public IReadOnlyList<PlannedBatch> Batches => _batches;

    /// <summary>Starts a thread.</summary>
    /// <param name="batch">Its batch; owned afterwards.</param>
    public void Start(PlannedBatch batch)
    {
        lock (_lock)
        {
            _batches.Add(batch);
            new Thread(() => Run(batch), StackBytes) { Name = "copy", IsBackground = true }.Start();
            _working++; // under the lock, so before the thread can have ended
        }
    }

    /// <summary>Goes on without a thread that is blocked. Its batch is never disposed of: the kernel may yet write into
    /// it.</summary>
    public void Abandon(PlannedBatch batch)
    {
        lock (_lock)
        {
            _batches.Remove(batch);
            _working--;
        }
    }

    /// <summary>Makes <see cref="WaitForEnd"/> return, though threads still work; from any thread.</summary>
    public void Stop() => _ended.Set();

    /// <summary>Waits until all threads have ended, or <see cref="Stop"/> was called. False where the time was over
    /// before.</summary>
    public bool WaitForEnd(TimeSpan most) => _ended.Wait(most);

    /// <summary>Waits until all threads have ended. False where the time was over before: some are blocked.</summary>
    public bool WaitForAll(TimeSpan most)
    {
        lock (_lock)
        {
            long since = Stopwatch.GetTimestamp();
            while (_working > 0)
            {
                var left = most - Stopwatch.GetElapsedTime(since);
                if (left <= TimeSpan.Zero)
                    return false;
                Monitor.Wait(_lock, left);
            }
            return true;
        }
    }

    /// <summary>Disposes of the batches. To be called when all threads have ended.</summary>
    public void Dispose()
    {
        _batches.ForEach(batch => batch.Dispose());
        _ended.Dispose();
    }

    private void Run(PlannedBatch batch)
    {
        try
        {
            work(batch);
        }
        catch (ReadGivenUpException)
        {
            return; // another thread works in our place
        }
        lock (_lock)
        {
            if (--_working == 0)
                _ended.Set();
            Monitor.PulseAll(_lock);
        }
    }
}
