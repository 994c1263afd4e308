using System.Runtime.InteropServices;

namespace PreDump.Linux;

/// <summary>A run of pages, or of memory, that may be made one with the run right behind it.</summary>
/// <typeparam name="TSelf">The run's type.</typeparam>
public interface IRun<TSelf> where TSelf : struct, IRun<TSelf>
{
    /// <summary>Makes a run longer by the next one. False where that does not begin at the run's end, or is of another kind: then
    /// the run stays as it is.</summary>
    static abstract bool TryJoin(ref TSelf run, in TSelf next);
}

/// <summary>Adds runs in ascending order, so that neighbours of one kind become one run.</summary>
public static class RunMerger
{
    /// <summary>Adds a run to a list.</summary>
    public static void Add<T>(List<T> runs, in T next) where T : struct, IRun<T>
    {
        if (runs.Count == 0 || !T.TryJoin(ref CollectionsMarshal.AsSpan(runs)[^1], next))
            runs.Add(next);
    }

    /// <summary>Adds a run to the first <paramref name="count"/> ones of a span; false where there is no room for it.</summary>
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
