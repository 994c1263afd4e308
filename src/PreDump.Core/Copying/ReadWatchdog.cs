using System.Diagnostics;

namespace PreDump.Core.Copying;

/// <summary>Watches the threads that copy. A read that blocks (a userfaultfd without an answer, a file system that hangs) is
/// given up with its thread, and a new thread goes on with what is still there. For the caller's thread alone.</summary>
/// <param name="threads">The threads.</param>
/// <param name="failure">Notified where reads block again and again.</param>
/// <param name="observer">Notified of each read that is given up.</param>
public sealed class ReadWatchdog(CopyThreads threads, FirstFailure failure, IObserver observer)
{
    /// <summary>How long a read may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private const int MostGivenUp = 16;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private int _givenUp;

    /// <summary>Returns when all is copied, or the copy has failed.</summary>
    /// <param name="progress">Called about ten times a second.</param>
    public void Watch(Action progress)
    {
        long awakeSince = Stopwatch.GetTimestamp(), looked = awakeSince;
        while (!threads.WaitForEnd(s_interval))
        {
            progress();
            if (Stopwatch.GetElapsedTime(looked) > Patience) // we were stopped ourselves (Ctrl-Z), and so were the reads
                awakeSince = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(awakeSince) > Patience)
                GiveUpBlocked();
            looked = Stopwatch.GetTimestamp();
        }
    }

    private void GiveUpBlocked()
    {
        foreach (var batch in threads.Batches.Where(batch => batch.Pages.TryGiveUp(Patience)).ToList())
            GoOnWithout(batch);
    }

    private void GoOnWithout(PlannedBatch batch)
    {
        threads.Abandon(batch);
        var task = batch.Turn.Task.Task;
        if (++_givenUp > MostGivenUp)
        {
            failure.Note(new PreDumpException($"task {task}: its memory can't be read, reading blocks again and again "
                + "(a userfaultfd without an answer, a file system or a swap device that hangs?)"));
            return;
        }
        observer.Note($"task {task}: a read blocked for {Patience.TotalSeconds} s and is given up; "
            + "going on with what is still there");
        try
        {
            threads.Start(batch.Successor());
        }
        catch (Exception e)
        {
            failure.Note(e);
        }
    }
}
