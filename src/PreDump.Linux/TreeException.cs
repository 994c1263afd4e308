namespace PreDump.Linux;

/// <summary>A process tree that can't be frozen or collected as it is; the message says why and what to do.</summary>
public sealed class TreeException(string message, params Input[] about) : KnownFailureException(message, about);
