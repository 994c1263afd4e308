using System.Text;
using PreDump.Core;
using PreDump.Core.Proof;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Host;

/// <summary>predump-post-dump.log, next to criu's own log: what was proved, and what was done about it. Each line is written at
/// once, so that it survives whatever ends us. It uses no logging library: to start one takes longer than some proofs.</summary>
internal sealed class ProofLog : IProofLog, IDisposable
{
    /// <summary>The log's file name.</summary>
    public const string Name = "predump-post-dump.log";

    private readonly Fd? _file;

    private ProofLog(Fd? file) => _file = file;

    /// <summary>Begins one. If it can't be written there is only a warning, since it is no part of the images.</summary>
    public static ProofLog Open(string directory)
    {
        try
        {
            return new ProofLog(PrivateFile.CreateOrTruncate(Path.Combine(directory, Name)));
        }
        catch (LinuxException e)
        {
            Message.Warning($"{e.Message}: the proof is not logged");
            return new ProofLog(null);
        }
    }

    /// <summary>Writes a line.</summary>
    public void Say(string line)
    {
        try
        {
            _file?.Write(Encoding.UTF8.GetBytes(OneLine.Of(line) + '\n'));
        }
        catch (LinuxException)
        {
            // A full disk: the exit code and standard error say what matters.
        }
    }

    /// <summary>A warning, also on standard error, which is criu's log.</summary>
    public void Warn(string line)
    {
        Say("warning: " + line);
        Message.Warning(line);
    }

    /// <summary>What fails the dump, also on standard error.</summary>
    public void Fail(string line)
    {
        SayFailure(line);
        Message.Error(line);
    }

    /// <summary>What fails the dump, in the log alone.</summary>
    public void SayFailure(string line) => Say("error: " + line);

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();
}
