using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>The tool's page server, and raw connections to it that are independent of the product's code.</summary>
internal sealed class PageServerTool : IAsyncDisposable
{
    private readonly Process _process;

    private PageServerTool(Process process, int port) => (_process, Port) = (process, port);

    /// <summary>Starts it and waits until it listens.</summary>
    public static Task<PageServerTool> Start(string images, params string[] more) => Start([], "127.0.0.1", images, more);

    /// <summary>The same on another host.</summary>
    public static Task<PageServerTool> Start(TwoHosts.Host host, string images, params string[] more) =>
        Start(host.Prefix, host.Address, images, more);

    private static async Task<PageServerTool> Start(string[] prefix, string address, string images, string[] more)
    {
        string[] command = [.. prefix, await PreDumpTool.File(), "page-server", "--images-dir", images,
            "--address", address, .. more];
        var process = await Command.Start(command[0], command[1..]);
        var line = await Eventually.Within(process.StandardOutput.ReadLineAsync(), "a page server that listens");
        Assert.StartsWith($"listening on {address}:", line);
        return new PageServerTool(process, int.Parse(line![(line!.LastIndexOf(':') + 1)..]));
    }

    /// <summary>The port on which it listens.</summary>
    public int Port { get; }

    public RawPageClient Connect(int messageBytes = 32) => new(Port, messageBytes);

    /// <summary>Its peak memory, in bytes.</summary>
    public long PeakMemory => long.Parse(ProcessView.Status(_process.Id, "VmHWM")!.Split(' ')[0]) * 1024;

    /// <summary>Waits for its end.</summary>
    public async Task<int> Exited()
    {
        await Eventually.Within(Wait(), "the page server's end");
        return _process.ExitCode;

        async Task<bool> Wait()
        {
            await _process.WaitForExitAsync();
            return true;
        }
    }

    public void Send(int signal) => Signal.Send(_process.Id, signal);

    public async Task Kill(int signal)
    {
        Send(signal);
        await Exited();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await Kill(Signal.Kill);
        _process.Dispose();
    }
}

/// <summary>One connection.</summary>
internal sealed class RawPageClient(int port, int messageBytes) : IDisposable
{
    public const int Open = 3, Open2 = 4, Parent = 5, AddFlags = 6, Close = 0x1023;

    private readonly TcpClient _client = new("127.0.0.1", port);

    private NetworkStream? _stream;

    public NetworkStream Stream => _stream ??= _client.GetStream(); // (only once, and not after a shutdown)

    /// <summary>One message; flags go into the upper half of the command.</summary>
    public RawPageClient Send(int command, ulong pages = 0, ulong address = 0, ulong id = 0, uint flags = 0)
    {
        var message = new byte[messageBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(message, flags << 16 | (uint)command);
        if (messageBytes == 24)
            BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), (uint)pages);
        else
            BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(8), pages);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(messageBytes - 16), address);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(messageBytes - 8), id);
        return Send(message);
    }

    public RawPageClient Send(byte[] bytes)
    {
        Stream.Write(bytes);
        return this;
    }

    /// <summary>A run of present pages, each filled with its number.</summary>
    public RawPageClient SendPages(ulong address, int pages, ulong id)
    {
        Send(AddFlags, (ulong)pages, address, id, flags: 4);
        for (int page = 0; page < pages; page++)
            Stream.Write(Enumerable.Repeat((byte)page, 4096).ToArray());
        return this;
    }

    /// <summary>The answer as a number; null if the server hung up.</summary>
    public int? Answer(int bytes)
    {
        Stream.ReadTimeout = 20_000;
        var answer = new byte[4];
        try
        {
            return Stream.ReadAtLeast(answer.AsSpan(0, bytes), bytes, throwOnEndOfStream: false) == bytes
                ? BinaryPrimitives.ReadInt32LittleEndian(answer) : null;
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return null;
        }
    }

    public void Dispose() => _client.Dispose();
}
