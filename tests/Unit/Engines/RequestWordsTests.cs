using Google.Protobuf;
using PreDump.Engines;
using PreDump.Images.Rpc;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Engines;

/// <summary>From a request's options to a command line.</summary>
public sealed class RequestWordsTests
{
    public static TheoryData<string, string> Options() => new()
    {
        { """ "logLevel": 4, "logFile": "ZHVtcC5sb2c=" """, "-v4 --log-file=dump.log" },
        { """ "logLevel": 0 """, "--log-file=criu.log" },
        { """ "logLevel": 99 """, "-v10 --log-file=criu.log" },
        { """ "logToStderr": true, "logFile": "eA==" """, "" },
        { """ "parentImg": "Li4vMQ==" """, "--log-file=criu.log --prev-images-dir=../1" },
        { """ "parentImg": "", "freezeCgroup": "" """, "--log-file=criu.log" },
        { """ "freezeCgroup": "L2E=", "timeout": 20 """, "--log-file=criu.log --freeze-cgroup=/a --timeout=20" },
        { """ "timeout": 4294967295, "autoDedup": true """, "--log-file=criu.log --timeout=1000000 --auto-dedup" },
        { """ "autoDedup": false, "imageIoMode": 1 """, "--log-file=criu.log --image-io-mode=direct" },
        { """ "imageIoMode": 0 """, "--log-file=criu.log --image-io-mode=writeback" },
        {
            """ "ps": { "address": "aG9zdA==", "port": 27 } """,
            "--log-file=criu.log --page-server --address=host --port=27"
        },
        { """ "ps": { "port": 65563 } """, "--log-file=criu.log --page-server --port=27" },
        { """ "ps": { "fd": 9, "port": 0 } """, "--log-file=criu.log --page-server --ps-socket=9" },
        {
            """
            "tls": true, "tlsNoCnVerify": true, "tlsCert": "Yw==", "tlsKey": "aw==", "tlsCacert": "YQ==", "tlsCacrl": "cg=="
            """,
            "--log-file=criu.log --tls --tls-no-cn-verify --tls-cacert=a --tls-cacrl=r --tls-cert=c --tls-key=k"
        },
    };

    [Theory]
    [MemberData(nameof(Options))]
    public void Options_of_a_request_become_a_command_line(string options, string expected)
    {
        var words = Of($$"""{ "pid": 7, "imagesDir": "L2E=", {{options}} }""");
        Assert.Equal(["pre-dump", "--quiet", "--tree=7", "--images-dir=/a"], words.Take(4));
        Assert.Equal(expected, string.Join(' ', words.Skip(4)));
    }

    [Fact]
    public void Without_a_pid_the_engine_itself_is_meant() =>
        Assert.Contains($"--tree={Environment.ProcessId}", Of("""{ "imagesDir": "L2E=" }"""));

    [Fact]
    public void Directories_by_number_are_those_of_the_engine()
    {
        using var scratch = new Scratch();
        using DirectoryFd images = DirectoryFd.Open(scratch.Folder("images")), work = DirectoryFd.Open(scratch.Folder("work"));
        var words = Of($$"""{ "pid": 7, "imagesDirFd": {{images.Number}}, "workDirFd": {{work.Number}}, "imagesDir": "L2E=" }""");
        Assert.Contains($"--images-dir={images.PresentPath()}", words);
        Assert.Contains($"--work-dir={work.PresentPath()}", words);
    }

    /// <summary>No path leads there, but the descriptor does.</summary>
    [Fact]
    public void A_directory_that_is_no_longer_where_it_was_is_reached_through_its_descriptor()
    {
        using var scratch = new Scratch();
        using var images = DirectoryFd.Open(scratch.Folder("images"));
        Directory.Delete(scratch["images"]);
        Assert.Contains($"--images-dir=/proc/{Environment.ProcessId}/fd/{images.Number}",
            Of($$"""{ "pid": 7, "imagesDirFd": {{images.Number}} }"""));
    }

    [Theory]
    [InlineData("""{ "pid": 7 }""", Errno.EINVAL, "the request names no images directory")]
    [InlineData("""{ "pid": 7, "imagesDirFd": -1, "imagesDir": "" }""", Errno.EINVAL, "the request names no images directory")]
    [InlineData("""{ "imagesDirFd": 123456 }""", Errno.EBADF, "descriptor 123456 of the engine")]
    [InlineData("""{ "imagesDir": "L2E=", "logFile": "YS9i" }""", Errno.EINVAL, "the log file a/b has a slash")]
    [InlineData("""{ "imagesDir": "L2E=", "statusFd": 123456 }""", Errno.EBADF, "descriptor 123456 of the engine")]
    public void A_request_that_can_not_be_meant_is_refused_with_a_number(string options, int number, string reason)
    {
        var refused = Assert.Throws<RequestException>(() => Of(options));
        Assert.Equal(number, refused.Number);
        Assert.Contains(reason, refused.Message);
    }

    [Fact]
    public void An_engine_that_can_not_be_seen_has_no_descriptors()
    {
        using var unseen = new EngineDescriptors(0);
        var refused = Assert.Throws<RequestException>(() => RequestWords.AddTo([], new criu_opts { ImagesDirFd = 3 }, unseen));
        Assert.Contains("another pid namespace", refused.Message);
    }

    [Fact]
    public void Paths_that_are_not_UTF8_keep_their_bytes() =>
        Assert.Contains("--images-dir=" + RawText.Decode([(byte)'/', 0xff]), Of("""{ "pid": 7, "imagesDir": "L/8=" }"""));

    [Fact]
    public void What_is_not_known_of_a_request_is_kept()
    {
        byte[] packet = [0x08, 0x04, 0x12, 0x05, 0x08, 0x07, 0x2a, 0x01, 0x01, 0x98, 0x06, 0x01];
        Assert.Equal(packet, criu_req.Parser.ParseFrom(packet).ToByteArray());
    }

    private static IReadOnlyList<string> Of(string options)
    {
        using var engine = new EngineDescriptors(Environment.ProcessId);
        var words = new List<string>();
        RequestWords.AddTo(words, JsonParser.Default.Parse<criu_opts>(options), engine);
        return words;
    }
}
