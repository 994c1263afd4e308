namespace PreDump.Core.Proof;

/// <summary>Receives the log lines of a proof, from one thread.</summary>
public interface IProofLog
{
    /// <summary>Logs a line.</summary>
    void Say(string line);

    /// <summary>Logs a warning, which the user should also see immediately.</summary>
    void Warn(string line);

    /// <summary>Logs an error that fails the dump, which the user should also see immediately.</summary>
    void Fail(string line);
}
