using System.Diagnostics;

namespace PreDump.Linux;

/// <summary>One attempt at a freeze took longer than its <see cref="FreezePatience"/>: the tree was let go, and may be tried
/// again.</summary>
/// <param name="message">Which thread or cgroup did not stop, and why.</param>
/// <param name="interrupted">When the tree was interrupted (<see cref="Stopwatch.GetTimestamp"/>).</param>
public sealed class NotStoppedException(string message, long interrupted) : Exception(message)
{
    /// <summary>How long the tree stood still in this attempt, as far as its threads had stopped.</summary>
    public TimeSpan StoodStill { get; private set; }

    /// <summary>Notes that the tree has just been let go.</summary>
    internal void LetGo() => StoodStill = Stopwatch.GetElapsedTime(interrupted);
}
