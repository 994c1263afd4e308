namespace PreDump;

/// <summary>Something that the user can put right; the message says what is wrong and what to do.</summary>
internal sealed class PreDumpException(string message) : Exception(message);
