using System.Runtime.InteropServices;

namespace PreDump.Linux;

/// <summary>A run of pages or bytes that can be merged with an adjacent one.</summary>
/// <typeparam name="TSelf">The run's type.</typeparam>
public interface IRun<TSelf> where TSelf : struct, IRun<TSelf>
{
    /// <summary>Extends a run by the next one. Returns false and leaves the run unchanged if the next one does not start at its
    /// end, or is of a different kind.</summary>
    static abstract bool TryJoin(ref TSelf run, in TSelf next);
}

/// <summary>Appends runs in ascending order and merges adjacent runs of the same kind.</summary>
public static class RunMerger
{
    /// <summary>Appends a run to a list.</summary>
    public static void Add<T>(List<T> runs, in T next) where T : struct, IRun<T>
    {
        if (runs.Count == 0 || !T.TryJoin(ref CollectionsMarshal.AsSpan(runs)[^1], next))
            runs.Add(next);
    }

    /// <summary>Appends a run to the first <paramref name="count"/> runs of a span; false if the span is full.</summary>
    public static bool TryAdd<T>(Span<T> runs, ref int count, in T next) where T : struct, IRun<T>
    {
        if (count > 0 && T.TryJoin(ref runs[count - 1], next))
            return true;
        if (count == runs.Length)
            return false;
        runs[count++] = next;
        return true;
    }
}
