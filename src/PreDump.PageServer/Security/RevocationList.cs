using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PreDump.Core;

namespace PreDump.PageServer.Security;

/// <summary>A CA's list of certificates that it has revoked before they expire (RFC 5280, CertificateList). The framework reads
/// none from a file. As in CRIU the list is trusted because it is our own file: its signature is not looked at.</summary>
public sealed class RevocationList
{
    private readonly string _file;
    private readonly byte[] _issuer;
    private readonly DateTimeOffset? _nextUpdate;
    private readonly HashSet<string> _serials = new(StringComparer.Ordinal);

    private RevocationList(string file, byte[] der)
    {
        _file = file;
        var list = new AsnReader(der, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        if (list.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
            list.ReadIntegerBytes(); // the version
        list.ReadSequence(); // how it is signed
        _issuer = list.ReadEncodedValue().ToArray();
        ReadTime(list); // when it was made
        if (list.HasData && IsTime(list))
            _nextUpdate = ReadTime(list);
        if (!list.HasData || !list.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
            return;
        for (var revoked = list.ReadSequence(); revoked.HasData;)
            _serials.Add(Convert.ToHexString(revoked.ReadSequence().ReadIntegerBytes().Span));
    }

    /// <summary>The lists in a file, PEM.</summary>
    /// <exception cref="PreDumpException">There is none, it is damaged, or it is out of date.</exception>
    public static IReadOnlyList<RevocationList> Read(string file)
    {
        var lists = new List<RevocationList>();
        try
        {
            ReadOnlySpan<char> text = TlsFiles.Text(file, ServerInput.TlsCrl);
            while (PemEncoding.TryFind(text, out var fields))
            {
                if (text[fields.Label] is "X509 CRL")
                    lists.Add(new RevocationList(file, Convert.FromBase64String(text[fields.Base64Data].ToString())));
                text = text[fields.Location.End..];
            }
        }
        catch (AsnContentException e)
        {
            throw new PreDumpException($"the revocation list {file} is damaged: {e.Message}", ServerInput.TlsCrl);
        }
        if (lists.Count == 0)
            throw new PreDumpException($"{file} holds no revocation list in PEM format", ServerInput.TlsCrl);
        foreach (var list in lists)
            if (list.IsOutdated)
                throw new PreDumpException(list.Outdated, ServerInput.TlsCrl);
        return lists;
    }

    /// <summary>Null where the certificate is another CA's, or not on the list.</summary>
    public CertificateException? WhyRefused(X509Certificate2 certificate)
    {
        if (!certificate.IssuerName.RawData.AsSpan().SequenceEqual(_issuer))
            return null;
        if (IsOutdated) // since the server was started
            return new CertificateException(Outdated, ServerInput.TlsCrl);
        return _serials.Contains(Convert.ToHexString(certificate.SerialNumberBytes.Span))
            ? new CertificateException($"the other side's certificate ({certificate.Subject}) is revoked by {_file}")
            : null;
    }

    private bool IsOutdated => _nextUpdate < DateTimeOffset.UtcNow;

    private string Outdated => $"the revocation list {_file} has been out of date since {_nextUpdate:u}: get the CA's new one";

    private static bool IsTime(AsnReader list) => list.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime)
        || list.PeekTag().HasSameClassAndValue(Asn1Tag.GeneralizedTime);

    private static DateTimeOffset ReadTime(AsnReader list) =>
        list.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? list.ReadUtcTime() : list.ReadGeneralizedTime();
}
