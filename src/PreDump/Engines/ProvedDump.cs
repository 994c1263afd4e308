using Google.Protobuf;
using PreDump.Cli;
using PreDump.Criu;
using PreDump.Images.Rpc;
using PreDump.Linux;
using PreDump.Output;
using static System.FormattableString;

namespace PreDump.Engines;

/// <summary>A final dump that the real criu makes for an engine, proved and mended while the tree stands still. predump stays in
/// between, and the engine sees what criu says:
/// <code>
///   engine         predump            criu
///     DUMP  -----&gt;        -----&gt;           with our numbers of the descriptors
///           &lt;----- NOTIFY &lt;-----           if the engine wants them; at post-dump the proof comes first
///     answer ----->        -----&gt;           (<see cref="RequestedDump"/>)
///           &lt;----- answer &lt;-----
/// </code></summary>
/// <param name="engine">The engine's socket; the request is taken.</param>
/// <param name="request">The request.</param>
/// <param name="descriptors">The engine's descriptors.</param>
/// <param name="images">The directory of the images.</param>
internal sealed class ProvedDump(
    MessageSocket engine, criu_req request, EngineDescriptors descriptors, DirectoryFd images)
{
    private const int MostBytes = 1 << 20;

    private readonly bool _engineIsNotified = request.Opts.NotifyScripts;

    /// <summary>Hands the dump on; returns criu's exit code.</summary>
    /// <param name="name">The name that criu is called by.</param>
    /// <exception cref="RequestException">A descriptor of the engine can't be opened.</exception>
    /// <exception cref="LinuxException">criu can't be started.</exception>
    public int Run(string name)
    {
        UseOurDescriptors();
        engine.SetInherited(false);
        var (ours, theirs) = MessageSocket.Pair();
        var dump = new RequestedDump(CriuProcess.Start(theirs, name), ours, request, Files());
        var (answer, exitCode) = dump.Run(Notified);
        answer ??= new criu_resp
        {
            Type = request.Type,
            Success = false,
            CrErrno = Errno.EIO,
            CrErrmsg = $"criu has ended without an answer (exit code {exitCode}): see its log",
        };
        if (dump.Refusal is { } refusal)
        {
            Message.Error(refusal); // crun and podman do not show what an answer says
            if (!answer.Success)
                (answer.CrErrno, answer.CrErrmsg) = (Errno.EIO, RoundOutcome.Shortened(refusal));
        }
        engine.TrySend(answer.ToByteArray());
        return exitCode;
    }

    // criu looks for them in the table of whoever has made the socket, and that is us now.
    private void UseOurDescriptors()
    {
        var options = request.Opts;
        if (options.ImagesDirFd >= 0)
            options.ImagesDirFd = images.Number;
        if (options.WorkDirFd >= 0)
            options.WorkDirFd = descriptors.OpenDirectory(options.WorkDirFd, "work directory").Number;
        if (options.StatusFd >= 0)
            options.StatusFd = descriptors.OpenForWriting(options.StatusFd, "status descriptor");
    }

    // The configuration file that the request names wins.
    private DumpFiles Files()
    {
        var options = request.Opts;
        var last = ConfigFiles.IfExists(RequestWords.ConfigFile(options)).ToLookup(option => option.Name);
        string work = last["work-dir"].LastOrDefault()?.Value ?? Own(options.WorkDirFd >= 0 ? options.WorkDirFd : images.Number);
        string log = last["log-file"].LastOrDefault()?.Value
            ?? (options.LogFile is { IsEmpty: false } file ? RequestWords.Text(file) : RequestWords.DefaultLog);
        string? parent = ProvableDump.ParentOf(options);
        return new DumpFiles(
            Own(images.Number), parent is null ? null : Path.Combine(Own(images.Number), parent), work, Path.Combine(work, log));
    }

    // Null once the engine has hung up.
    private byte[]? Notified(criu_resp message) =>
        !_engineIsNotified ? RequestedDump.GoOn
        : engine.TrySend(message.ToByteArray()) ? engine.Receive(MostBytes)
        : null;

    private static string Own(int number) => Invariant($"/proc/self/fd/{number}");
}
