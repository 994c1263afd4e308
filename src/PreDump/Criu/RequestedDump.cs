using System.Text;
using Google.Protobuf;
using PreDump.Core;
using PreDump.Core.Proof;
using PreDump.Host;
using PreDump.Images;
using PreDump.Images.Rpc;
using PreDump.Linux;

namespace PreDump.Criu;

/// <summary>A final dump that the real criu is asked for over a socket, proved and mended while the tree stands still:
/// <code>
///   predump           criu swrk
///     DUMP   -----&gt;
///            &lt;----- NOTIFY      at post-dump the proof comes first: if it fails, predump says no, and criu lets the
///     answer -----&gt;             tree live. criu does the same if predump is killed, and it finds nobody at the socket
///            &lt;----- answer
/// </code></summary>
/// <param name="criu">criu's pid, a child of ours.</param>
/// <param name="socket">Our end of its socket; it is closed.</param>
/// <param name="request">The request; criu looks for its descriptors in our table.</param>
/// <param name="files">Where the dump goes.</param>
internal sealed class RequestedDump(int criu, MessageSocket socket, criu_req request, DumpFiles files)
{
    private const int MostBytes = 1 << 20;

    private FrameLedger? _ledger;

    /// <summary>The reply to a NOTIFY by which criu goes on.</summary>
    public static readonly byte[] GoOn = Reply(true);

    /// <summary>Whether pages are left to the parent by criu, which has to be proved.</summary>
    public bool IsProved { get; init; } = true;

    /// <summary>Why the dump is refused; null: predump has not refused it.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The figures of the proof; null: criu did not come so far.</summary>
    public ProofFigures? Proof { get; private set; }

    /// <summary>Asks for the dump, and waits for criu's end; returns its answer (null: it has ended without one, or was hung up
    /// on) and its exit code.</summary>
    /// <param name="notified">Replies to a NOTIFY; null hangs up on criu, which lets the tree live.</param>
    public (criu_resp? Answer, int ExitCode) Run(Func<criu_resp, byte[]?> notified)
    {
        request.Opts.NotifyScripts = true;
        socket.TrySend(request.ToByteArray());
        // While criu starts: it does not freeze the tree before its first NOTIFY is answered.
        _ledger = files.Parent is { } round ? RoundFrames.TryRead(round) : null;
        var answer = Answer(notified);
        _ledger?.Dispose();
        socket.Close();
        int exitCode = OwnProgram.WaitFor(criu);
        if (Refusal is not null)
            NoteInCriusLog(Refusal);
        return (answer, exitCode);
    }

    /// <summary>Refuses the dump; returns the reply to the NOTIFY.</summary>
    /// <param name="reason">Why, for the log of criu and for who has asked for the dump.</param>
    public byte[] Refuse(string reason)
    {
        Refusal ??= reason;
        return Reply(false);
    }

    private criu_resp? Answer(Func<criu_resp, byte[]?> notified)
    {
        while (socket.Receive(MostBytes) is { } bytes)
        {
            var message = criu_resp.Parser.ParseFrom(bytes);
            if (message.Type != criu_req_type.Notify)
                return message;
            string? refused = IsProved && message.Notify?.Script == "post-dump" ? Prove() : null;
            var reply = refused is null ? notified(message) : Refuse(refused);
            if (reply is null || !socket.TrySend(reply))
                return null;
        }
        return null;
    }

    // Null: it is proved.
    private string? Prove()
    {
        Proof = new ProofFigures();
        using var file = ProofLog.Open(files.ProofLogDirectory);
        var log = new FirstFailure(file);
        OwnProcess.Prepare();
        return FinalDump.Prove(files.Images, request.Opts.Pid, () => ProofSettings.Read(ProofSettings.File, OwnText.Variable),
            log, Proof, _ledger) ? null : $"predump could not prove the dump, so the tree runs on: {log.Reason}";
    }

    // criu does not know why its dump is refused, and engines show the lines of its log that say "Error".
    private void NoteInCriusLog(string refusal)
    {
        using var log = LogFile.TryOpenAgain(files.CriusLog);
        _ = log?.TryWriteOnce(Encoding.UTF8.GetBytes($"Error (predump): {OneLine.Of(refusal)}\n"));
    }

    private static byte[] Reply(bool goOn) =>
        new criu_req { Type = criu_req_type.Notify, NotifySuccess = goOn }.ToByteArray();

    // What has failed first is said by whoever is asked for the dump.
    private sealed class FirstFailure(ProofLog log) : IProofLog
    {
        public string? Reason { get; private set; }

        public void Say(string line) => log.Say(line);

        public void Warn(string line) => log.Warn(line);

        public void Fail(string line)
        {
            Reason ??= line;
            log.SayFailure(line);
        }
    }
}
