using System.Collections.Concurrent;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Tests.Support;

/// <summary>Records what is reported to it.</summary>
internal sealed class Observed : IObserver
{
    /// <summary>For tests that ignore the reports.</summary>
    public static readonly Observed Nothing = new();

    public ConcurrentQueue<string> Warnings { get; } = [];

    public ConcurrentQueue<string> Notes { get; } = [];

    public void Detail(string what)
    {
    }

    public void Note(string what) => Notes.Enqueue(what);

    public void Warn(string what, params Input[] about) => Warnings.Enqueue(what);
}
