namespace PreDump.Core.Reading;

/// <summary>The task ended while it was being copied, or ran a program that may not be read.</summary>
public sealed class TaskGoneException(bool notPermitted) : Exception
{
    /// <summary>It lives, but under another user's rights now.</summary>
    public bool NotPermitted { get; } = notPermitted;
}
