using System.Diagnostics;
using System.Net.Sockets;

namespace PreDump.PageServer.Serving;

/// <summary>A client's connection to the server, from its acceptance to its end.</summary>
/// <param name="Socket">Connected.</param>
/// <param name="Name">The client, for messages.</param>
/// <param name="Moment">When it came, by the rounds' clock (<see cref="IRounds.Moment"/>).</param>
internal sealed record Connection(Socket Socket, string Name, long Moment)
{
    private long _since = Stopwatch.GetTimestamp();

    /// <summary>Whether its first message has made sense.</summary>
    public bool HasBegun { get; set; }

    /// <summary>Whether it is one more of another connection's round.</summary>
    public bool HasJoined { get; set; }

    /// <summary>How long it has been here, or how long it has had its turn.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(_since);

    /// <summary>It has its turn now.</summary>
    public void BeginTurn() => _since = Stopwatch.GetTimestamp();

    /// <summary>Ends it at once; what waits for it, on any thread, returns.</summary>
    public void BreakOff()
    {
        try
        {
            Socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has hung up.
        }
    }
}
