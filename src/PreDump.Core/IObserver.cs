namespace PreDump.Core;

/// <summary>Told of what a round, or what is done to its images, meets. From several threads at a time.</summary>
public interface IObserver
{
    /// <summary>What only somebody wants to know who looks into a single run.</summary>
    void Detail(string what);

    /// <summary>What is worth knowing and no reason to worry.</summary>
    void Note(string what);

    /// <summary>What the user should know or do.</summary>
    void Warn(string what);
}
