using CsCheck;
using Google.Protobuf;
using PreDump.Engines;
using PreDump.Images.Rpc;
using Xunit;

namespace PreDump.Tests.Unit.Fuzz;

/// <summary>An engine's requests are judged without harm, whatever they hold.</summary>
public sealed class RequestFuzzTests
{
    private static readonly byte[] s_request = new criu_req
    {
        Type = criu_req_type.PreDump,
        Opts = new criu_opts
        {
            ImagesDirFd = 0,
            Pid = 1,
            LogLevel = 4,
            LogFile = ByteString.CopyFromUtf8("dump.log"),
            ParentImg = ByteString.CopyFromUtf8("../1"),
            Ps = new criu_page_server_info { Address = ByteString.CopyFromUtf8("::1"), Port = 27, Fd = 9 },
            WorkDirFd = 0,
            FreezeCgroup = ByteString.CopyFromUtf8("/sys/fs/cgroup/c1"),
            ConfigFile = ByteString.CopyFromUtf8("/etc/criu/runc.conf"),
        },
    }.ToByteArray();

    private static readonly Gen<byte[]> s_bytes = Gen.OneOf(
        Gen.Byte.Array[0, 200],
        Gen.Select(Gen.Int[0, s_request.Length - 1], Gen.Byte, Gen.Int[1, s_request.Length], (at, value, length) =>
        {
            var packet = s_request.ToArray();
            packet[at] = value;
            return packet[..length];
        }));

    [Fact]
    public void A_hostile_request_is_refused_or_becomes_a_command_line() => s_bytes.Sample(packet =>
    {
        if (RequestLoop.RequestIn(packet)?.Opts is not { } options)
            return;
        using var engine = new EngineDescriptors(Environment.ProcessId);
        try
        {
            var words = new List<string>();
            RequestWords.AddTo(words, options, engine);
            Assert.All(words, word => Assert.DoesNotContain('\0', word));
            _ = RequestWords.ConfigFile(options);
        }
        catch (RequestException e)
        {
            Assert.InRange(e.Number, 1, 133);
        }
    }, iter: 20_000);
}
