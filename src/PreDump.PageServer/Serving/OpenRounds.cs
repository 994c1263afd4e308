using System.Collections.Concurrent;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Serving;

/// <summary>The rounds that more connections may join. Its members may be called by any thread.</summary>
/// <param name="changed">Called when there is one more.</param>
internal sealed class OpenRounds(Action changed)
{
    private readonly ConcurrentDictionary<StreamToken, ReceivedStreams> _rounds = [];

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _rounds.IsEmpty;

    /// <summary>Adds a round.</summary>
    public void Add(ReceivedStreams round)
    {
        _rounds[round.Token] = round;
        changed();
    }

    /// <summary>The round of a token; null: it is over, or never was.</summary>
    public ReceivedStreams? Find(StreamToken token) => _rounds.GetValueOrDefault(token);

    /// <summary>Gives all of them up.</summary>
    public void GiveUp()
    {
        foreach (var round in _rounds.Values)
            round.GiveUp();
    }

    /// <summary>Removes a round that is over.</summary>
    public void Remove(ReceivedStreams round) => _rounds.TryRemove(round.Token, out _);
}
