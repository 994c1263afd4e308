using Google.Protobuf;
using PreDump.Core;
using PreDump.Criu;
using PreDump.Images.Rpc;
using PreDump.Linux;

namespace PreDump.Engines;

/// <summary>criu swrk FD: an engine's requests, one message each. A request is looked at first; if it is not a pre-dump, it stays
/// unread, and predump becomes the real criu, which finds the socket as the engine made it:
/// <code>
///   PRE_DUMP            a round, an answer, the next request
///   SINGLE_PRE_DUMP     a round, an answer, the end
///   a NOTIFY, or what is no request            an answer that says no, the end
///   DUMP                the real criu, with a proof in passing where that is possible (<see cref="FinalDumpCall"/>)
///   anything else       the real criu
/// </code></summary>
/// <param name="engine">The socket.</param>
/// <param name="commandLine">criu's, the name first.</param>
internal sealed class RequestLoop(MessageSocket engine, IReadOnlyList<string> commandLine)
{
    private const int MostBytes = 1 << 20; // engines send some hundred

    /// <summary>Answers the engine until it hangs up; returns the exit code, unless predump becomes the real criu.</summary>
    public int Run()
    {
        bool done = false;
        while (engine.Peek(MostBytes) is { } message)
        {
            if (RequestIn(message) is not { HasType: true, Type: not criu_req_type.Notify } request)
                return Refuse(criu_req_type.Empty, Errno.EINVAL, "this is no request: criu's RPC is expected");
            if (request.Type is not (criu_req_type.PreDump or criu_req_type.SinglePreDump))
                return Become(request);
            engine.Take();
            done = Answer(request.Type, RoundOf(request));
            if (!done || request.Type == criu_req_type.SinglePreDump)
                break;
        }
        return done ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>The request in a message; null: it is none.</summary>
    internal static criu_req? RequestIn(byte[] message)
    {
        try
        {
            return criu_req.Parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private int Become(criu_req request)
    {
        try
        {
            if (request.Type == criu_req_type.Dump)
                return FinalDumpCall.ByRequest(engine, request, commandLine);
            RealCriu.Become(commandLine);
            return ExitCode.Failed;
        }
        catch (Exception e) when (Failure.TryExplain(e) is { } reason)
        {
            Output.Message.Error(reason); // crun and podman do not show what an answer says
            return Refuse(request.Type, Errno.ENOENT, reason);
        }
    }

    private int Refuse(criu_req_type type, int number, string reason)
    {
        engine.Take(); // if it stayed unread, our end would make the kernel drop the answer
        Answer(type, new RoundOutcome(number, reason));
        return ExitCode.Failed;
    }

    // While the round runs it is not to hold the engine's socket, or the engine would not see us end.
    private RoundOutcome RoundOf(criu_req request)
    {
        var words = new List<string>();
        bool begun = false;
        try
        {
            engine.SetInherited(false);
            if (request.Opts is not { } options)
                throw new RequestException(Errno.EINVAL, "the request has no options");
            using var descriptors = new EngineDescriptors(engine.PeerPid);
            RequestWords.AddTo(words, options, descriptors);
            begun = true;
            return RoundProcess.Run(words, RequestWords.ConfigFile(options), descriptors.Opened);
        }
        catch (Exception e)
        {
            string reason = Failure.TryExplain(e) ?? $"this is a defect of predump, please report it: {e}";
            using var log = begun ? EngineLog.GoOn(words) : EngineLog.Begin(words);
            log.Fail(reason);
            return RoundOutcome.Failed(e, reason);
        }
        finally
        {
            engine.SetInherited(true);
        }
    }

    // True if the round was made and the engine knows.
    private bool Answer(criu_req_type type, RoundOutcome outcome)
    {
        var answer = new criu_resp { Type = type, Success = outcome.IsSuccess };
        if (!outcome.IsSuccess)
            (answer.CrErrno, answer.CrErrmsg) = (outcome.Number, outcome.Message);
        return engine.TrySend(answer.ToByteArray()) && outcome.IsSuccess;
    }
}
