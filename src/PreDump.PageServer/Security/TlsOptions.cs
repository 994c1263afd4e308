namespace PreDump.PageServer.Security;

/// <summary>Whether a connection uses TLS, and with which files; null means the place where CRIU keeps such a file.</summary>
/// <param name="Enabled">Whether TLS is used at all. If not, nothing else here matters.</param>
/// <param name="Cert">Our certificate, PEM; the certificates between it and the CA may follow in the same file.</param>
/// <param name="Key">The key of our certificate, PEM.</param>
/// <param name="CaCert">The CA that signed the other side's certificate, PEM; several may stand in the file.</param>
/// <param name="Crl">The CA's list of certificates that are revoked, PEM; without any there may be none.</param>
/// <param name="NoCnVerify">Whether the other side's certificate may be for any host: else it must be for the page server's
/// address, on both sides, as in CRIU.</param>
public sealed record TlsOptions(bool Enabled, string? Cert, string? Key, string? CaCert, string? Crl, bool NoCnVerify)
{
    /// <summary>Where CRIU keeps its own certificate.</summary>
    public const string DefaultCert = "/etc/pki/criu/cert.pem";

    /// <summary>Where CRIU keeps the key of its certificate.</summary>
    public const string DefaultKey = "/etc/pki/criu/private/key.pem";

    /// <summary>Where CRIU keeps the CA's certificate.</summary>
    public const string DefaultCaCert = "/etc/pki/CA/cacert.pem";

    /// <summary>Where CRIU keeps the revocation list; it may be missing.</summary>
    public const string DefaultCrl = "/etc/pki/CA/cacrl.pem";
}
