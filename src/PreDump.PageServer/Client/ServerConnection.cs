using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using PreDump.Core;
using PreDump.Linux;
using PreDump.PageServer.Security;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Client;

/// <summary>A connected socket to a page server.</summary>
/// <param name="Socket">The receiver closes it.</param>
/// <param name="Name">The server, for messages.</param>
/// <param name="Took">How long connecting took; zero for a socket that was connected already.</param>
public readonly record struct ServerConnection(Socket Socket, string Name, TimeSpan Took)
{
    private static readonly TimeSpan s_pollTime = TimeSpan.FromMilliseconds(100); // after which a cancellation is noticed

    /// <summary>Connects, or takes over the socket that the user has given.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <exception cref="PreDumpException">The server can't be reached.</exception>
    public static ServerConnection Open(PageServerOptions options, CancellationToken cancel) => options.Socket is { } fd
        ? new ServerConnection(InheritedSocket.Take(fd), $"page server at descriptor {fd}", TimeSpan.Zero)
        : Connect(options, cancel);

    /// <summary>The peer at the other end.</summary>
    /// <param name="options">How long it may be silent.</param>
    /// <param name="tls">From <see cref="Tls.Client"/>; null: plain.</param>
    /// <exception cref="PreDumpException">Its certificate is refused.</exception>
    public Peer Talk(PageServerOptions options, Func<Stream, SslStream>? tls)
    {
        try
        {
            return new Peer(Socket, Name, options.Timeout, tls, isShared: options.Socket is not null);
        }
        catch
        {
            Socket.Dispose();
            throw;
        }
    }

    // To the first of the name's addresses that answers, as criu does.
    private static ServerConnection Connect(PageServerOptions options, CancellationToken cancel)
    {
        string name = $"page server {options.Address}:{options.Port}", reason = "no address";
        Input[] about = [ServerInput.Address, ServerInput.Port];
        foreach (var address in AddressesOf(options.Address))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            long start = Stopwatch.GetTimestamp();
            try
            {
                if (TryConnect(socket, address, options, cancel))
                    return new ServerConnection(socket, name, Stopwatch.GetElapsedTime(start));
                (reason, about) = ($"no answer for {options.Timeout.TotalSeconds:0.#} s", [TreeInput.Timeout]);
            }
            catch (SocketException e)
            {
                reason = e.Message;
            }
            catch (OperationCanceledException)
            {
                socket.Dispose();
                throw;
            }
            socket.Dispose();
        }
        throw new PreDumpException($"{name} can't be reached: {reason}", about);
    }

    private static IPAddress[] AddressesOf(string host)
    {
        try
        {
            return IPAddress.TryParse(host, out var literal) ? [literal] : Dns.GetHostAddresses(host);
        }
        catch (SocketException e)
        {
            throw new PreDumpException($"the page server's address {host} can't be resolved: {e.Message}", ServerInput.Address);
        }
    }

    // (ConnectAsync would leave the socket with the runtime's poller, which wakes a thread for each answer that comes.)
    private static bool TryConnect(Socket socket, IPAddress address, PageServerOptions options, CancellationToken cancel)
    {
        socket.Blocking = false;
        try
        {
            socket.Connect(address, options.Port);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
        }
        for (long start = Stopwatch.GetTimestamp(); !socket.Poll(s_pollTime, SelectMode.SelectWrite);)
        {
            cancel.ThrowIfCancellationRequested();
            if (options.Timeout != Timeout.InfiniteTimeSpan && Stopwatch.GetElapsedTime(start) > options.Timeout)
                return false;
        }
        int error = (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        return error == 0 ? true : throw new SocketException(error);
    }
}
