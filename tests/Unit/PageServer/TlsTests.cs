using System.Net;
using System.Net.Sockets;
using PreDump.Core;
using PreDump.Linux;
using PreDump.PageServer;
using PreDump.PageServer.Security;
using PreDump.PageServer.Wire;
using Xunit;

namespace PreDump.Tests.Unit.PageServer;

/// <summary>Both sides present certificates and check each other's.</summary>
public sealed class TlsTests : IDisposable
{
    private const string Host = "127.0.0.1";

    private readonly Scratch _scratch = new();
    private readonly Certificates _ours, _foreign;

    public TlsTests() => (_ours, _foreign) = (new Certificates(_scratch), new Certificates(_scratch));

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Two_sides_with_certificates_of_one_CA_are_content()
    {
        var (server, client) = await Shake(_ours.For(Host).Options, _ours.For(Host).Options);
        Assert.Null(server);
        Assert.Null(client);
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused_unless_it_may_be_any()
    {
        var stranger = _ours.For("elsewhere.example").Options;
        Assert.Contains("not for 127.0.0.1", (await Shake(_ours.For(Host).Options, stranger)).Server);
        Assert.Contains("not for 127.0.0.1", (await Shake(stranger, _ours.For(Host).Options)).Client);
        Assert.Equal((null, null), await Shake(stranger with { NoCnVerify = true }, stranger with { NoCnVerify = true }));
    }

    [Fact]
    public async Task A_certificate_of_another_CA_is_refused()
    {
        var foreign = _foreign.For(Host).Options with { CaCert = _ours.CaFile };
        Assert.Contains("not signed by a CA of ours", (await Shake(_ours.For(Host).Options, foreign)).Server);
        Assert.Contains("not signed by a CA of ours", (await Shake(foreign, _ours.For(Host).Options)).Client);
    }

    [Fact]
    public async Task A_revoked_certificate_is_refused()
    {
        var (revoked, certificate) = _ours.For(Host);
        var (other, _) = _ours.For(Host);
        var list = _ours.Revoke(DateTimeOffset.Now.AddDays(1), certificate);
        var server = _ours.For(Host).Options with { Crl = list };
        Assert.Contains("revoked by", (await Shake(server, revoked)).Server);
        Assert.Equal((null, null), await Shake(server, other));
        Assert.Contains("revoked by", (await Shake(revoked, other with { Crl = list })).Client);
        _ = _foreign.For(Host);
        Assert.Equal((null, null),
            await Shake(server with { Crl = _foreign.Revoke(DateTimeOffset.Now.AddDays(1), certificate) }, revoked));
    }

    [Fact]
    public async Task A_client_without_TLS_is_refused()
    {
        var (server, _) = await Shake(_ours.For(Host).Options, new TlsOptions(false, null, null, null, null, false));
        Assert.NotNull(server);
    }

    [Fact]
    public void Files_that_can_not_be_used_for_TLS_are_named()
    {
        var (good, certificate) = _ours.For(Host);
        File.WriteAllText(_scratch["empty"], "");
        Refused("/nowhere can't be read", good with { Cert = "/nowhere" }, ServerInput.TlsCert);
        Refused("/nowhere can't be read", good with { Key = "/nowhere" }, ServerInput.TlsKey);
        Refused("/nowhere can't be read", good with { CaCert = "/nowhere" }, ServerInput.TlsCaCert);
        Refused("/nowhere can't be read", good with { Crl = "/nowhere" }, ServerInput.TlsCrl);
        Refused("holds no certificate", good with { CaCert = _scratch["empty"] });
        Refused("holds no revocation list", good with { Crl = _scratch["empty"] });
        Refused("can't be used", good with { Cert = _scratch["empty"] });
        Refused("can't be used", good with { Key = _ours.For(Host).Options.Key });
        Refused("renew it", _ours.For(Host, until: DateTimeOffset.Now.AddDays(-1)).Options);
        Refused("out of date", good with { Crl = _ours.Revoke(DateTimeOffset.Now.AddSeconds(-1), certificate) });
    }

    private static void Refused(string why, TlsOptions options, Input? about = null)
    {
        var refusal = Assert.Throws<PreDumpException>(() => Tls.Server(options, Host));
        Assert.Contains(why, refusal.Message);
        Assert.DoesNotContain('\n', refusal.Message);
        if (about is { } input)
            Assert.Equal([input], refusal.About);
    }

    /// <summary>Sends a message each way; returns what each side reports about the other, null if nothing.</summary>
    private static async Task<(string? Server, string? Client)> Shake(TlsOptions server, TlsOptions client)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var accepting = Task.Run(() => Said(listener.Accept(), "client", Tls.Server(server, Host)));
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(listener.LocalEndPoint!);
        var connecting = Task.Run(() => Said(socket, "server", Tls.Client(client, Host)));
        return (await Eventually.Within(accepting, "the server"), await Eventually.Within(connecting, "the client"));
    }

    private static string? Said(Socket socket, string name, Func<Stream, System.Net.Security.SslStream>? tls)
    {
        try
        {
            using var peer = new Peer(socket, name, TimeSpan.FromMinutes(1), tls);
            byte[] sent = [.. Enumerable.Repeat((byte)'w', 100)]; // more than the header of a TLS record
            peer.Send(sent);
            var word = new byte[sent.Length];
            if (!peer.TryReadExactly(word))
                return "hung up";
            Assert.Equal(sent, word);
            peer.EndSending();
            return peer.TryReadExactly(word) ? "more than was sent" : null;
        }
        catch (PeerException e)
        {
            Assert.DoesNotContain('\n', e.Message);
            return e.Message;
        }
    }
}
