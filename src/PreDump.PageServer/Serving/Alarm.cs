using System.Net.Sockets;
using PreDump.Linux;

namespace PreDump.PageServer.Serving;

/// <summary>Wakes the server's thread out of poll(2): a pair of sockets, one of which it polls.</summary>
internal sealed class Alarm : IDisposable
{
    private readonly Socket _bell;

    /// <summary>Makes the pair.</summary>
    public Alarm()
    {
        var (heard, rung) = Fd.SocketPair("page server");
        Socket = new Socket(new SafeSocketHandle(heard.ReleaseNumber(), ownsHandle: true));
        _bell = new Socket(new SafeSocketHandle(rung.ReleaseNumber(), ownsHandle: true)) { Blocking = false };
    }

    /// <summary>Becomes readable when the alarm is rung.</summary>
    public Socket Socket { get; }

    /// <summary>Rings it. From any thread, and even after it is disposed.</summary>
    public void Ring()
    {
        try
        {
            _ = _bell.Send([1]);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Full: it has been rung often enough. Gone: there is nothing left to wake.
        }
    }

    /// <summary>Makes <see cref="Socket"/> quiet again.</summary>
    public void Clear() => _ = Socket.Receive(new byte[64]);

    /// <inheritdoc/>
    public void Dispose()
    {
        Socket.Dispose();
        _bell.Dispose();
    }
}
