using System.Text;
using Google.Protobuf;
using PreDump.Core.Proof;
using PreDump.Host;
using PreDump.Images.Rpc;
using PreDump.Linux;
using static System.FormattableString;

namespace PreDump.Engines;

/// <summary>A final dump that the real criu makes for an engine, proved and mended while the tree stands still. predump stays in
/// between, and the engine sees what criu says:
/// <code>
///   engine         predump            criu
///     DUMP  -----&gt;        -----&gt;           with our numbers of the descriptors
///           &lt;----- NOTIFY &lt;-----           if the engine wants them; at post-dump the proof comes first,
///     answer ----->        -----&gt;           and if that fails, predump answers: criu lets the tree live
///           &lt;----- answer &lt;-----
/// </code></summary>
/// <param name="engine">The engine's socket; the request is taken.</param>
/// <param name="request">The request.</param>
/// <param name="descriptors">The engine's descriptors.</param>
internal sealed class ProvedDump(MessageSocket engine, criu_req request, EngineDescriptors descriptors)
{
    private const int MostBytes = 1 << 20;

    private readonly bool _engineIsNotified = request.Opts.NotifyScripts;
    private string? _refused; // why the dump is not proved

    /// <summary>Hands the dump on; returns criu's exit code.</summary>
    /// <param name="name">The name that criu is called by.</param>
    /// <exception cref="RequestException">A descriptor of the engine can't be opened.</exception>
    /// <exception cref="LinuxException">criu can't be started.</exception>
    public int Run(string name)
    {
        UseOurDescriptors();
        engine.SetInherited(false);
        var (criu, theirs) = MessageSocket.Pair();
        int pid = CriuProcess.Start(theirs, name);
        criu.TrySend(request.ToByteArray());
        bool answered = HandOn(criu);
        criu.Close();
        int exitCode = OwnProgram.WaitFor(pid);
        if (!answered)
            engine.TrySend(new criu_resp
            {
                Type = request.Type,
                Success = false,
                CrErrno = Errno.EIO,
                CrErrmsg = $"criu has ended without an answer (exit code {exitCode}): see its log",
            }.ToByteArray());
        else if (_refused is not null)
            NoteInCriusLog();
        return exitCode;
    }

    // criu looks for them in the table of whoever has made the socket, and that is us now.
    private void UseOurDescriptors()
    {
        var options = request.Opts;
        if (options.ImagesDirFd >= 0)
            options.ImagesDirFd = descriptors.OpenDirectory(options.ImagesDirFd, "images directory").Number;
        if (options.WorkDirFd >= 0)
            options.WorkDirFd = descriptors.OpenDirectory(options.WorkDirFd, "work directory").Number;
        if (options.StatusFd >= 0)
            options.StatusFd = descriptors.OpenForWriting(options.StatusFd, "status descriptor");
        options.NotifyScripts = true;
    }

    // Until criu's answer, or until one of the two hangs up; false if criu has.
    private bool HandOn(MessageSocket criu)
    {
        while (criu.Receive(MostBytes) is { } message)
        {
            var answer = criu_resp.Parser.ParseFrom(message);
            if (answer.Type != criu_req_type.Notify)
            {
                if (_refused is not null && !answer.Success)
                    (answer.CrErrno, answer.CrErrmsg) = (Errno.EIO, _refused);
                engine.TrySend(_refused is null ? message : answer.ToByteArray());
                return true;
            }
            if (answer.Notify?.Script == "post-dump" && !Prove())
                criu.TrySend(MayGoOn(false));
            else if (!_engineIsNotified)
                criu.TrySend(MayGoOn(true));
            else if (!engine.TrySend(message) || engine.Receive(MostBytes) is not { } reply || !criu.TrySend(reply))
                return true;
        }
        return false;
    }

    private string Images => request.Opts is { ImagesDirFd: >= 0 and var fd }
        ? Own(fd)
        : RequestWords.Text(request.Opts.ImagesDir);

    private string WorkDirectory => request.Opts.WorkDirFd >= 0 ? Own(request.Opts.WorkDirFd) : Images;

    private bool Prove()
    {
        using var file = ProofLog.Open(WorkDirectory);
        var log = new RefusalLog(file);
        OwnProcess.Prepare();
        if (FinalDump.Prove(Images, request.Opts.Pid, () => ProofSettings.Read(ProofSettings.File, OwnText.Variable), log))
            return true;
        _refused = RoundOutcome.Shortened($"predump could not prove the dump, so the tree runs on: {log.Reason}");
        return false;
    }

    // criu does not know why its dump is refused, and engines show the lines of its log that say "Error".
    private void NoteInCriusLog()
    {
        const int O_WRONLY_APPEND = 1 | 0x400;
        string name = request.Opts.LogFile is { IsEmpty: false } file ? RequestWords.Text(file) : RequestWords.DefaultLog;
        using var log = Fd.TryOpen(Path.Combine(WorkDirectory, name), O_WRONLY_APPEND, out _);
        _ = log?.TryWriteOnce(Encoding.UTF8.GetBytes($"Error (predump): {_refused}\n"));
    }

    private static string Own(int number) => Invariant($"/proc/self/fd/{number}");

    private static byte[] MayGoOn(bool yes) =>
        new criu_req { Type = criu_req_type.Notify, NotifySuccess = yes }.ToByteArray();

    // Keeps what has failed first, for the engine.
    private sealed class RefusalLog(ProofLog log) : IProofLog
    {
        public string? Reason { get; private set; }

        public void Say(string line) => log.Say(line);

        public void Warn(string line) => log.Warn(line);

        public void Fail(string line)
        {
            Reason ??= line;
            log.Fail(line);
        }
    }
}
