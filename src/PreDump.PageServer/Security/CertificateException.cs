using System.Security.Authentication;
using PreDump.Linux;

namespace PreDump.PageServer.Security;

/// <summary>The other side's certificate is refused; the message says why.</summary>
public sealed class CertificateException(string message, params Input[] about) : AuthenticationException(message)
{
    /// <summary>The inputs that the user could change.</summary>
    public IReadOnlyList<Input> About { get; } = about;
}
