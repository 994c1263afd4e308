using PreDump.PageServer;
using PreDump.PageServer.Security;

namespace PreDump.Cli;

/// <summary>Page servers, from both sides, and TLS.</summary>
internal static class ConnectionOptions
{
    public static readonly TableOption<bool> Once = new("--once")
    {
        Help = { [Takers.PageServer] = "Receive one round, into --images-dir itself (the default)." },
    };

    public static readonly TableOption<int?> Rounds = new TableOption<int?>("--rounds")
    {
        Argument = "N",
        Help = { [Takers.PageServer] = "Receive N rounds, into the directories 1, 2, 3, and so on, of --images-dir." },
    }.Number(least: 1);

    public static readonly TableOption<bool> Forever = new("--forever")
    {
        Help = { [Takers.PageServer] = "Receive rounds as with --rounds until a signal ends the server." },
    };

    public static readonly TableOption<bool> Compare = new("--compare")
    {
        Help =
        {
            [Takers.PageServer] = "Compare what is received with the parent's chain, and leave pages with the same bytes to it.",
        },
        Details = "For criu dump without --track-mem, and for rounds by content. With --rounds and --forever the latest round "
            + "that has the task is the parent.",
    };

    public static readonly TableOption<string?> Forward = new TableOption<string?>("--forward")
    {
        Argument = "ADDRESS:PORT",
        About = ServerInput.Forward,
        Help =
        {
            [Takers.PageServer] = "Pass the images on to another page server, which has the same chain, and store none here.",
        },
        Details = "With --compare only what has changed goes over the network.",
    }.EndPoint();

    public static readonly TableOption<bool> ForwardTls = new("--forward-tls")
    {
        Help = { [Takers.PageServer] = "Use TLS to the other page server, whether --tls is given for the clients or not." },
    };

    public static readonly TableOption<bool> PageServer = new("--page-server")
    {
        Help = { [Takers.AnyRound] = "Send the pages to the page server at --address and --port, or at --ps-socket." },
        Details = "The inventory and the statistics stay in the images directory. The server needs the parent's pages on its "
            + "side.",
    };

    public static readonly TableOption<string?> Address = new("--address")
    {
        Argument = "ADDRESS",
        About = ServerInput.Address,
        Default = "127.0.0.1",
        Help =
        {
            [Takers.AnyRound] = "The page server's name or address.",
            [Takers.PageServer] = "The name or address to listen on.",
        },
    };

    public static readonly TableOption<int?> Port = new TableOption<int?>("--port")
    {
        Argument = "PORT",
        About = ServerInput.Port,
        DefaultText = { [Takers.PageServer] = "any free port, which is printed" },
        Help =
        {
            [Takers.AnyRound] = "The page server's port.",
            [Takers.PageServer] = "The port to listen on.",
        },
    }.Number(most: 65535);

    public static readonly TableOption<int?> PsSocket = new TableOption<int?>("--ps-socket")
    {
        Argument = "FD",
        About = ServerInput.Socket,
        Help =
        {
            [Takers.PreDump] = "A descriptor of a socket that is already connected to the page server.",
            [Takers.PageServer] = "A descriptor of a socket that is already connected to the client, instead of listening.",
        },
    }.Number();

    public static readonly TableOption<string?> PageServerProtocol = new TableOption<string?>("--page-server-protocol")
    {
        Argument = "auto|24|32",
        About = ServerInput.MessageLayout,
        Default = "auto",
        Help = { [Takers.AnyRound] = "The length of the page server's messages: 24 bytes up to CRIU 4.1, 32 since." },
        Details = "auto detects it; with --tls it is taken to be 32.",
    }.Choice();

    public static readonly TableOption<string?> Compress = new TableOption<string?>("--compress")
    {
        Argument = "auto|on|off",
        About = ServerInput.Compression,
        Default = "auto",
        Help =
        {
            [Takers.AnyRound] = "Whether pages are compressed (LZ4) on their way to a page server of predump's.",
            [Takers.PageServer] = "Whether pages are compressed (LZ4) on their way to the page server of --forward.",
        },
        Details = "auto does it while the network is slower than the compressor. A page server takes what comes.",
    }.Choice();

    public static readonly TableOption<int?> Streams = new TableOption<int?>("--streams")
    {
        Argument = "N",
        About = ServerInput.Streams,
        Default = 1,
        Help =
        {
            [Takers.AnyRound] = "The number of connections to a page server of predump's.",
            [Takers.PageServer] = "The number of connections to the page server of --forward.",
        },
        Details = "For links that are long and lose packets, which one connection doesn't fill.",
    }.Number(least: 1, most: 16);

    public static readonly TableOption<int?> Retry = new TableOption<int?>("--retry")
    {
        Argument = "SECONDS",
        About = ServerInput.Retry,
        Default = 0,
        Help =
        {
            [Takers.AnyRound] = "How long to try to connect again to a page server of predump's when the connection drops.",
            [Takers.PageServer] = "How long to try to connect again to the page server of --forward when the connection drops.",
        },
        Details = "The round then goes on where it was: the server keeps what it has for as long.",
    }.Number(most: 3600);

    public static readonly TableOption<bool> UseTls = new("--tls")
    {
        About = ServerInput.Tls,
        Help = { [Takers.AnyRound | Takers.PageServer] = "Use TLS; both sides show certificates." },
    };

    public static readonly TableOption<string?> TlsCert = new("--tls-cert")
    {
        Argument = "FILE",
        About = ServerInput.TlsCert,
        Default = TlsOptions.DefaultCert,
        Help = { [Takers.AnyRound | Takers.PageServer] = "Our certificate, PEM." },
    };

    public static readonly TableOption<string?> TlsKey = new("--tls-key")
    {
        Argument = "FILE",
        About = ServerInput.TlsKey,
        Default = TlsOptions.DefaultKey,
        Help = { [Takers.AnyRound | Takers.PageServer] = "The key of our certificate, PEM." },
    };

    public static readonly TableOption<string?> TlsCaCert = new("--tls-cacert")
    {
        Argument = "FILE",
        About = ServerInput.TlsCaCert,
        Default = TlsOptions.DefaultCaCert,
        Help = { [Takers.AnyRound | Takers.PageServer] = "The CA that signed the other side's certificate, PEM." },
    };

    public static readonly TableOption<string?> TlsCrl = new("--tls-cacrl", "--tls-crl")
    {
        Argument = "FILE",
        About = ServerInput.TlsCrl,
        DefaultText = { [Takers.AnyRound | Takers.PageServer] = TlsOptions.DefaultCrl + ", if it exists" },
        Help = { [Takers.AnyRound | Takers.PageServer] = "The CA's revocation list, PEM." },
    };

    public static readonly TableOption<bool> TlsNoCnVerify = new("--tls-no-cn-verify")
    {
        About = ServerInput.TlsAnyName,
        Help = { [Takers.AnyRound | Takers.PageServer] = "Accept the other side's certificate even if it is not for --address." },
    };
}
