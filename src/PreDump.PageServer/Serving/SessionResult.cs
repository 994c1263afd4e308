
namespace PreDump.PageServer.Serving;

/// <summary>What a session has brought.</summary>
/// <param name="Round">Where its images are.</param>
/// <param name="Peer">The client, for messages.</param>
/// <param name="Tasks">The number of tasks.</param>
/// <param name="Pages">Pages that were sent.</param>
/// <param name="PagesInParent">Pages that were left to the parent.</param>
/// <param name="Time">From the connection's turn until everything was in its place.</param>
public sealed record SessionResult(FinishedRound Round, string Peer, int Tasks, ulong Pages, ulong PagesInParent, TimeSpan Time);
