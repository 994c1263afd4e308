using PreDump.Core;
using PreDump.Linux;
using PreDump.PageServer;

namespace PreDump.Settings;

/// <summary>What the command line calls the inputs that failures and warnings are about.</summary>
internal static class InputNames
{
    private static readonly Dictionary<Input, string> s_options = new()
    {
        [TreeInput.Root] = "--tree",
        [TreeInput.FreezerCgroup] = "--freeze-cgroup",
        [TreeInput.Timeout] = "--timeout",
        [RoundInput.ImagesDirectory] = "--images-dir",
        [RoundInput.Parent] = "--prev-images-dir",
        [RoundInput.TrustSoftDirty] = "--trust-soft-dirty",
        [RoundInput.AutoDedup] = "--auto-dedup",
        [RoundInput.IoMode] = "--image-io-mode",
        [RoundInput.Kernel] = "predump check",
        [ServerInput.Address] = "--address",
        [ServerInput.Port] = "--port",
        [ServerInput.Socket] = "--ps-socket",
        [ServerInput.MessageLayout] = "--page-server-protocol",
        [ServerInput.Tls] = "--tls",
        [ServerInput.TlsCert] = "--tls-cert",
        [ServerInput.TlsKey] = "--tls-key",
        [ServerInput.TlsCaCert] = "--tls-cacert",
        [ServerInput.TlsCrl] = "--tls-cacrl",
        [ServerInput.TlsAnyName] = "--tls-no-cn-verify",
    };

    /// <summary>The option of an input.</summary>
    public static string Of(Input input) => s_options[input];

    /// <summary>A message, and behind it in parentheses the options that it is about.</summary>
    public static string Name(string message, IReadOnlyList<Input> about) =>
        about.Count == 0 ? message : $"{message} ({string.Join(", ", about.Select(Of))})";

    /// <summary>The line that explains a failure; null for a defect of ours (<see cref="Failure.TryExplain"/>).</summary>
    public static string? TryExplain(Exception e, int? tree = null) =>
        Failure.TryExplain(e, tree) is { } reason ? Name(reason, Failure.About(e)) : null;
}
