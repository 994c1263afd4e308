namespace PreDump.Linux;

/// <summary>A failure that the user can do something about. The message states the fact, then what to do, and names no option:
/// <code>throw new TreeException($"there is no process {pid}: give the pid of a running process", TreeInput.Root);</code>
/// The program adds the user's name for these inputs when it shows the message: "there is no process 7: give the pid of a running
/// process (--tree)".</summary>
/// <param name="message">One line, without a full stop, and without parentheses at its end.</param>
/// <param name="about">The inputs that the user could change.</param>
/// <param name="cause">The inner exception, if any.</param>
public abstract class KnownFailureException(string message, Input[] about, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The inputs that the user could change; often empty.</summary>
    public IReadOnlyList<Input> About { get; } = about;

    /// <summary>The error number that fits, for a caller that wants one; 0: none in particular. See
    /// <see cref="Errno"/>.</summary>
    public int Number { get; init; }
}
