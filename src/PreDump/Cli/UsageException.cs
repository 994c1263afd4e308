using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Cli;

/// <summary>A command line or a configuration file that can't be meant. The message names options.</summary>
internal sealed class UsageException : PreDumpException
{
    /// <param name="message">One line.</param>
    public UsageException(string message) : base(message) => Number = Errno.EINVAL;
}
