using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using PreDump.Core;

namespace PreDump.PageServer.Security;

/// <summary>TLS as CRIU's page server has it: each side shows a certificate, and both check it against a CA, a revocation list
/// and the host that we connect to or listen on. All files are read and checked before there is a connection.</summary>
public sealed class Tls
{
    private readonly SslStreamCertificateContext _own;
    private readonly X509Certificate2Collection _authorities;
    private readonly IReadOnlyList<RevocationList> _revoked;
    private readonly string? _host;
    private readonly string _address;

    private Tls(TlsOptions options, string address)
    {
        TlsFiles.RefuseWithoutLibrary();
        TlsFiles.ProvideHome();
        _own = TlsFiles.OwnCertificate(options.Cert ?? TlsOptions.DefaultCert, options.Key ?? TlsOptions.DefaultKey);
        _authorities = TlsFiles.Authorities(options.CaCert ?? TlsOptions.DefaultCaCert);
        _revoked = options.Crl is { } crl ? RevocationList.Read(crl)
            : File.Exists(TlsOptions.DefaultCrl) ? RevocationList.Read(TlsOptions.DefaultCrl) : [];
        _address = address;
        _host = options.NoCnVerify ? null : address;
    }

    /// <summary>What makes a client's stream a TLS one; null without TLS.</summary>
    /// <param name="options">The command line's.</param>
    /// <param name="host">The name or address that it is reached at, which its certificate must name.</param>
    /// <exception cref="PreDumpException">A file is missing, damaged, expired, or doesn't fit the others.</exception>
    public static Func<Stream, SslStream>? Client(TlsOptions options, string host) =>
        options.Enabled ? new Tls(options, host).Connect : null;

    /// <summary>The same for a server.</summary>
    public static Func<Stream, SslStream>? Server(TlsOptions options, string host) =>
        options.Enabled ? new Tls(options, host).Accept : null;

    private SslStream Connect(Stream stream) => Handshake(stream, (tls, check) =>
        tls.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = _address,
            ClientCertificateContext = _own,
            CertificateChainPolicy = Policy(),
            RemoteCertificateValidationCallback = check,
            AllowTlsResume = false,
        }));

    private SslStream Accept(Stream stream) => Handshake(stream, (tls, check) =>
        tls.AuthenticateAsServer(new SslServerAuthenticationOptions
        {
            // By TLS 1.3 OpenSSL sends a session's ticket at its own time, and criu's client takes it for an answer that fails
            // (EAGAIN).
            EnabledSslProtocols = SslProtocols.Tls12,
            ClientCertificateRequired = true,
            ServerCertificateContext = _own,
            CertificateChainPolicy = Policy(),
            RemoteCertificateValidationCallback = check,
            AllowTlsResume = false,
        }));

    private SslStream Handshake(Stream stream, Action<SslStream, RemoteCertificateValidationCallback> authenticate)
    {
        CertificateException? refused = null;
        var tls = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            authenticate(tls, (_, certificate, chain, _) =>
                (refused = WhyRefused(certificate as X509Certificate2, chain)) is null);
            return tls;
        }
        catch (AuthenticationException e)
        {
            tls.Dispose();
            throw refused ?? new AuthenticationException(TlsFiles.OneLineOf(e));
        }
        catch
        {
            tls.Dispose();
            throw;
        }
    }

    // A fresh one for each connection: SslStream adds to it what the other side has sent.
    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // by the framework, which would ask the network: see RevocationList
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_authorities);
        return policy;
    }

    private CertificateException? WhyRefused(X509Certificate2? certificate, X509Chain? chain)
    {
        if (certificate is null || chain is null)
            return new CertificateException("the other side showed no certificate");
        string which = $"the other side's certificate ({certificate.Subject})";
        if (chain.ChainStatus is [var bad, ..])
            return bad.Status switch
            {
                X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.UntrustedRoot =>
                    new($"{which} is not accepted: it is not signed by a CA of ours", ServerInput.TlsCaCert),
                X509ChainStatusFlags.NotTimeValid => new($"{which} is not accepted: it is valid from "
                    + $"{certificate.NotBefore:u} to {certificate.NotAfter:u}, or its CA's certificate has expired"),
                X509ChainStatusFlags.NotValidForUsage =>
                    new($"{which} is not accepted: it is not made for this use (its extended key usage)"),
                _ => new($"{which} is not accepted: {bad.StatusInformation.Trim()}"),
            };
        foreach (var element in chain.ChainElements)
            foreach (var list in _revoked)
                if (list.WhyRefused(element.Certificate) is { } reason)
                    return reason;
        return _host is null || certificate.MatchesHostname(_host)
            ? null
            : new($"{which} is not for {_host}: use the name that it is for, or accept any name",
                ServerInput.Address, ServerInput.TlsAnyName);
    }
}
