using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PreDump.PageServer.Security;

namespace PreDump.Tests.Support;

/// <summary>A CA in the directory of a test, and the files that it creates.</summary>
internal sealed class Certificates(Scratch scratch)
{
    private readonly string _name = $"ca{Random.Shared.Next()}";
    private X509Certificate2? _authority;
    private int _made;

    public string CaFile => scratch[$"{_name}.pem"];

    private X509Certificate2 Authority
    {
        get
        {
            if (_authority is not null)
                return _authority;
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={_name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(
                new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
            _authority = request.CreateSelfSigned(DateTimeOffset.Now.AddYears(-2), DateTimeOffset.Now.AddYears(1));
            File.WriteAllText(CaFile, _authority.ExportCertificatePem());
            return _authority;
        }
    }

    /// <summary>Creates a certificate for hosts, with the options that use it.</summary>
    public (TlsOptions Options, X509Certificate2 Certificate) For(string host, DateTimeOffset? until = null)
    {
        var authority = Authority;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=peer {_made}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
            names.AddIpAddress(address);
        else
            names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        var serial = new byte[] { 0x7a, 1, 2, (byte)++_made };
        var certificate = request.Create(authority, DateTimeOffset.Now.AddYears(-1),
            until ?? DateTimeOffset.Now.AddMonths(1), serial);
        string file = scratch[$"{_name}-{_made}.pem"], keyFile = scratch[$"{_name}-{_made}.key"];
        File.WriteAllText(file, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return (new TlsOptions(true, file, keyFile, CaFile, null, false), certificate);
    }

    /// <summary>Creates a revocation list; returns its path.</summary>
    public string Revoke(DateTimeOffset nextUpdate, params X509Certificate2[] certificates)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var certificate in certificates)
            list.AddEntry(certificate);
        var der = list.Build(Authority, 1, nextUpdate, HashAlgorithmName.SHA256, thisUpdate: DateTimeOffset.Now.AddDays(-2));
        string file = scratch[$"{_name}-{++_made}.crl"];
        File.WriteAllText(file, PemEncoding.WriteString("X509 CRL", der));
        return file;
    }
}
