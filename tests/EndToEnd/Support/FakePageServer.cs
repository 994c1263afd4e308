using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A page server of the tests, independent of the product's code: it stores the pages that it receives, in either
/// layout, or misbehaves as a test demands.</summary>
internal sealed class FakePageServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task<bool> _serving;

    /// <param name="serve">Handles the one connection; what it throws is for <see cref="Ended"/>.</param>
    public FakePageServer(Action<FakePageServer, NetworkStream> serve)
    {
        _listener.Start();
        _serving = Task.Run(() =>
        {
            using var client = _listener.AcceptTcpClient();
            using var stream = client.GetStream();
            serve(this, stream);
            return true;
        });
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The commands received, in order.</summary>
    public List<int> Commands { get; } = [];

    /// <summary>By pid: the present pages, by address.</summary>
    public Dictionary<ulong, SortedDictionary<ulong, byte[]>> Tasks { get; } = [];

    /// <summary>Waits for the end of the session.</summary>
    public Task Ended() => Eventually.Within(_serving, "the page server's end");

    /// <summary>As criu's server: 24 bytes a message up to 4.1, 32 from 4.2 on.</summary>
    /// <param name="messageBytes">The size of a message, 24 or 32.</param>
    /// <param name="status">The answer to the last message.</param>
    /// <param name="hangUpAfter">Hangs up after this number of page runs.</param>
    public static FakePageServer Of(int messageBytes, int status = 0, int hangUpAfter = int.MaxValue) => new((server, stream) =>
    {
        var message = new byte[messageBytes];
        bool old = messageBytes == 24;
        while (stream.ReadAtLeast(message, messageBytes, throwOnEndOfStream: false) == messageBytes)
        {
            uint command = BinaryPrimitives.ReadUInt32LittleEndian(message);
            ulong pages = old ? BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(4))
                : BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(8));
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(old ? 8 : 16));
            ulong id = BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(old ? 16 : 24));
            int code = (int)(command & 0xffff);
            server.Commands.Add(code);
            switch (code)
            {
                case 4: // OPEN2
                    server.Tasks.Add(id >> 8, []);
                    stream.WriteByte(0);
                    break;
                case 5: // PARENT
                    stream.Write(new byte[4]);
                    break;
                case 6: // ADD_F
                    for (ulong page = 0; (command >> 16 & 4) != 0 && page < pages; page++)
                    {
                        var bytes = new byte[4096];
                        stream.ReadExactly(bytes);
                        server.Tasks[id >> 8].Add(address + page * 4096, bytes);
                    }
                    if (--hangUpAfter == 0)
                        return;
                    break;
                case 0x1023 or 0x1024:
                    var answer = new byte[4];
                    BinaryPrimitives.WriteInt32LittleEndian(answer, status);
                    stream.Write(answer);
                    break;
                default:
                    throw new InvalidDataException($"command {code}");
            }
        }
    });

    public void Dispose() => _listener.Dispose();
}
