using PreDump.Linux;

namespace PreDump.Core;

/// <summary>A failure that the user can do something about; the message states what is wrong, then what to do.</summary>
public class PreDumpException(string message, params Input[] about) : KnownFailureException(message, about);
