using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.PageServer.Security;

/// <summary>Reads the files that TLS needs, and checks them before there is a connection. Whatever is wrong with one is a
/// <see cref="PreDumpException"/> that names it.</summary>
internal static class TlsFiles
{
    /// <summary>Our certificate with its key, and the ones between it and the CA.</summary>
    public static SslStreamCertificateContext OwnCertificate(string cert, string key)
    {
        string certText = Text(cert, ServerInput.TlsCert), keyText = Text(key, ServerInput.TlsKey);
        try
        {
            var own = X509Certificate2.CreateFromPem(certText, keyText);
            if (own.NotAfter < DateTime.Now || own.NotBefore > DateTime.Now)
                throw new PreDumpException($"the certificate {cert} is valid from {own.NotBefore:u} to {own.NotAfter:u}: renew "
                    + "it, or set the clock", ServerInput.TlsCert);
            var others = new X509Certificate2Collection();
            others.ImportFromPem(certText);
            others.RemoveAt(0);
            return SslStreamCertificateContext.Create(own, others, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new PreDumpException($"the certificate {cert} and the key {key} can't be used: {OneLineOf(e)}",
                ServerInput.TlsCert, ServerInput.TlsKey);
        }
    }

    /// <summary>The CAs that we trust.</summary>
    public static X509Certificate2Collection Authorities(string caCert)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(Text(caCert, ServerInput.TlsCaCert));
        }
        catch (CryptographicException e)
        {
            throw new PreDumpException($"the CA's certificate {caCert} can't be used: {OneLineOf(e)}", ServerInput.TlsCaCert);
        }
        return authorities.Count > 0 ? authorities
            : throw new PreDumpException($"{caCert} holds no certificate in PEM format", ServerInput.TlsCaCert);
    }

    /// <summary>A file's text.</summary>
    /// <exception cref="PreDumpException">It can't be read.</exception>
    public static string Text(string file, Input input)
    {
        try
        {
            return Encoding.UTF8.GetString(FileContent.Read(file));
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"{file} can't be read: {OneLineOf(e)}", input);
        }
    }

    /// <summary>Checks that there is OpenSSL: where it is missing the framework ends the process.</summary>
    public static void RefuseWithoutLibrary()
    {
        foreach (var name in new[] { "libssl.so.3", "libssl.so.1.1" })
            if (NativeLibrary.TryLoad(name, out _))
                return;
        throw new PreDumpException("TLS needs OpenSSL's library (libssl.so.3, Debian's package libssl3), which is not installed",
            ServerInput.Tls);
    }

    /// <summary>The framework looks for more certificates in the user's home directory, and fails for users without one, as those
    /// of services are (DynamicUser=). Such a user is given a home that does not exist.</summary>
    public static void ProvideHome()
    {
        const string Home = "HOME";
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Home)))
            Environment.SetEnvironmentVariable(Home, "/nonexistent");
    }

    /// <summary>What an exception of the framework says, in one line.</summary>
    public static string OneLineOf(Exception e) => (e.InnerException ?? e).Message.ReplaceLineEndings(" ");
}
