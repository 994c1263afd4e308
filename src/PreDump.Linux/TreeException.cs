namespace PreDump.Linux;

/// <summary>A process tree can't be found, frozen or read; the message says why and what to do.</summary>
public sealed class TreeException(string message, params Input[] about) : KnownFailureException(message, about);
