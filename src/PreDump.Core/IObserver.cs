using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Receives the messages of a round and of maintenance on images. Called from several threads at the same
/// time.</summary>
public interface IObserver
{
    /// <summary>Reports a detail that matters only for debugging a single run.</summary>
    /// <param name="what">One line.</param>
    void Detail(string what);

    /// <summary>Reports something worth knowing that is no reason to worry.</summary>
    /// <param name="what">One line.</param>
    void Note(string what);

    /// <summary>Reports something that the user should know or act on.</summary>
    /// <param name="what">One line; like the message of a <see cref="KnownFailureException"/> it names no option.</param>
    /// <param name="about">The inputs that the user could change.</param>
    void Warn(string what, params Input[] about);
}
