using Google.Protobuf;
using PreDump.Images.Rpc;
using PreDump.Linux;
using static System.FormattableString;

namespace PreDump.Engines;

/// <summary>From a request's options to the command line of the same pre-dump. What makes no difference to a pre-dump is left
/// out: criu's RPC has some fifty such options, and engines send them all alike to pre-dumps and dumps.</summary>
internal static class RequestWords
{
    private const int MostVerbose = 10, MostSeconds = 1_000_000, Direct = 1, NoDescriptor = -1;
    /// <summary>The log file where a request names none.</summary>
    public const string DefaultLog = "criu.log";

    /// <summary>Adds the words of the command line: first the command, then the options, without those of the request's
    /// configuration file.</summary>
    /// <param name="words">Gets the words; where an option can't be meant, those before it: they say where the log is.</param>
    /// <param name="options">What the engine asks for.</param>
    /// <param name="engine">Its descriptors.</param>
    /// <exception cref="RequestException">An option can't be meant.</exception>
    public static void AddTo(List<string> words, criu_opts options, EngineDescriptors engine)
    {
        // No summary and no warnings on the engine's own output; they are in the log.
        words.AddRange("pre-dump", "--quiet");
        Add(words, "--tree", Invariant($"{(options.HasPid ? options.Pid : engine.EnginePid)}"));
        AddDirectories(words, options, engine);
        AddLog(words, options);
        Add(words, "--prev-images-dir", options.ParentImg);
        Add(words, "--freeze-cgroup", options.FreezeCgroup);
        if (options.Timeout > 0)
            Add(words, "--timeout", Invariant($"{Math.Min(options.Timeout, MostSeconds)}"));
        if (options.AutoDedup)
            words.Add("--auto-dedup");
        if (options.HasImageIoMode)
            Add(words, "--image-io-mode", options.ImageIoMode == Direct ? "direct" : "writeback");
        if (options.StatusFd >= 0)
            Add(words, "--status-fd", Invariant($"{engine.OpenForWriting(options.StatusFd, "status descriptor")}"));
        if (options.Ps is { } server)
            AddPageServer(words, server);
        AddTls(words, options);
    }

    /// <summary>The configuration file that the request names; null: none.</summary>
    public static string? ConfigFile(criu_opts options) =>
        options.ConfigFile is { IsEmpty: false } file ? Text(file) : null;

    private static void AddDirectories(List<string> words, criu_opts options, EngineDescriptors engine)
    {
        if (options.ImagesDirFd != NoDescriptor)
            Add(words, "--images-dir", engine.DirectoryAt(options.ImagesDirFd, "images directory"));
        else if (options.ImagesDir is { IsEmpty: false } path)
            Add(words, "--images-dir", path);
        else
            throw new RequestException(Errno.EINVAL, "the request names no images directory");
        if (options.WorkDirFd != NoDescriptor)
            Add(words, "--work-dir", engine.DirectoryAt(options.WorkDirFd, "work directory"));
    }

    private static void AddLog(List<string> words, criu_opts options)
    {
        if (options.LogLevel > 0)
            words.Add(Invariant($"-v{Math.Min(options.LogLevel, MostVerbose)}"));
        if (options.LogToStderr)
            return;
        string log = options.LogFile is { IsEmpty: false } file ? Text(file) : DefaultLog;
        if (log.Contains('/', StringComparison.Ordinal))
            throw new RequestException(Errno.EINVAL, $"the log file {log} has a slash in its name: criu's RPC takes a name in "
                + "the work directory only");
        Add(words, "--log-file", log);
    }

    private static void AddPageServer(List<string> words, criu_page_server_info server)
    {
        words.Add("--page-server");
        if (server.HasFd)
        {
            Add(words, "--ps-socket", Invariant($"{server.Fd}"));
            return;
        }
        Add(words, "--address", server.Address);
        if (server.HasPort)
            Add(words, "--port", Invariant($"{server.Port & 0xffff}"));
    }

    private static void AddTls(List<string> words, criu_opts options)
    {
        if (options.Tls)
            words.Add("--tls");
        if (options.TlsNoCnVerify)
            words.Add("--tls-no-cn-verify");
        Add(words, "--tls-cacert", options.TlsCacert);
        Add(words, "--tls-cacrl", options.TlsCacrl);
        Add(words, "--tls-cert", options.TlsCert);
        Add(words, "--tls-key", options.TlsKey);
    }

    // An empty one is none.
    private static void Add(List<string> words, string option, ByteString value)
    {
        if (!value.IsEmpty)
            Add(words, option, Text(value));
    }

    private static void Add(List<string> words, string option, string value) => words.Add($"{option}={value}");

    // criu's strings end at a zero.
    /// <summary>A path, which ends where the kernel ends it.</summary>
    public static string Text(ByteString bytes)
    {
        int zero = bytes.Span.IndexOf((byte)0);
        return RawText.Decode(zero < 0 ? bytes.Span : bytes.Span[..zero]);
    }
}
