using System.Collections.Concurrent;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Tests.Support;

/// <summary>Keeps what it is told.</summary>
internal sealed class Observed : IObserver
{
    /// <summary>For tests that are not interested.</summary>
    public static readonly Observed Nothing = new();

    public ConcurrentQueue<string> Warnings { get; } = [];

    public ConcurrentQueue<string> Notes { get; } = [];

    public void Detail(string what)
    {
    }

    public void Note(string what) => Notes.Enqueue(what);

    public void Warn(string what, params Input[] about) => Warnings.Enqueue(what);
}
