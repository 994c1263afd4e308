using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Told of what a round, or what is done to its images, meets. From several threads at a time.</summary>
public interface IObserver
{
    /// <summary>What only somebody wants to know who looks into a single run.</summary>
    void Detail(string what);

    /// <summary>What is worth knowing and no reason to worry.</summary>
    void Note(string what);

    /// <summary>What the user should know or do.</summary>
    /// <param name="what">One line; as <see cref="KnownFailureException"/>'s it names no option.</param>
    /// <param name="about">The inputs that the user could change.</param>
    void Warn(string what, params Input[] about);
}
