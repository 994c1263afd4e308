using PreDump.Core;

namespace PreDump.Engines;

/// <summary>A request of an engine that can't be meant.</summary>
internal sealed class RequestException : PreDumpException
{
    /// <param name="number">The error number for the engine.</param>
    /// <param name="message">The fact, then what to do.</param>
    public RequestException(int number, string message) : base(message) => Number = number;
}
