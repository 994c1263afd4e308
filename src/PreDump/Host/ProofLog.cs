using System.Text;
using PreDump.Core;
using PreDump.Core.Proof;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Host;

/// <summary>predump-post-dump.log, beside criu's own log: what was proved, and what was done about it. Each line is written at once, so that
/// it is there whatever ends us. No logging library: its start alone takes longer than many a proof.</summary>
internal sealed class ProofLog : IProofLog, IDisposable
{
    /// <summary>Its name.</summary>
    public const string Name = "predump-post-dump.log";

    private readonly Fd? _file;

    private ProofLog(Fd? file) => _file = file;

    /// <summary>Begins one; where it can't be written there is a warning, for it is no part of the images.</summary>
    public static ProofLog Open(string directory)
    {
        try
        {
            return new ProofLog(PrivateFile.CreateOrTruncate(Path.Combine(directory, Name)));
        }
        catch (LinuxException e)
        {
            Message.Warning($"{e.Message}: what is proved is not logged");
            return new ProofLog(null);
        }
    }

    /// <summary>A line.</summary>
    public void Say(string line)
    {
        try
        {
            _file?.Write(Encoding.UTF8.GetBytes(OneLine.Of(line) + '\n'));
        }
        catch (LinuxException)
        {
            // A full disk: the exit code and standard error tell what matters.
        }
    }

    /// <summary>A line that is told on standard error, too, which is criu's log.</summary>
    public void Warn(string line)
    {
        Say("warning: " + line);
        Message.Warning(line);
    }

    /// <summary>The same of what fails the dump.</summary>
    public void Fail(string line)
    {
        Say("error: " + line);
        Message.Error(line);
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();
}
