namespace PreDump.Core.Reading;

/// <summary>The task ended while its memory was read, or ran a program that may not be read.</summary>
/// <param name="notPermitted">The latter: it lives, but under another user's rights now.</param>
public sealed class TaskGoneException(bool notPermitted) : Exception
{
    /// <summary>Whether it lives, but under another user's rights now.</summary>
    public bool NotPermitted { get; } = notPermitted;
}
