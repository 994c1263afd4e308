using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Something that the user can put right; the message says what is wrong and what to do.</summary>
public class PreDumpException(string message, params Input[] about) : KnownFailureException(message, about);
