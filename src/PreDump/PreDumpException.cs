namespace PreDump;

/// <summary>Something that the user can put right; the message says what is wrong and what to do.</summary>
internal class PreDumpException(string message) : Exception(message);
