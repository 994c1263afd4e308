using PreDump.Core;

namespace PreDump.Cli;

/// <summary>A command line or a configuration file that can't be meant. The message names options.</summary>
internal sealed class UsageException(string message) : PreDumpException(message);
