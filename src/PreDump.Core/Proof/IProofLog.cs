namespace PreDump.Core.Proof;

/// <summary>Told of what a proof does, line by line.</summary>
public interface IProofLog
{
    /// <summary>A line.</summary>
    void Say(string line);

    /// <summary>A line that the user should see at once, too.</summary>
    void Warn(string line);

    /// <summary>The same of what fails the dump.</summary>
    void Fail(string line);
}
