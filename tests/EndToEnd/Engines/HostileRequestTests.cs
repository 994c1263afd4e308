using Xunit;

namespace PreDump.Tests.EndToEnd.Engines;

/// <summary>Messages that make no sense: an answer, or a clean end.</summary>
public sealed class HostileRequestTests
{
    private const int EINVAL = 22;

    public static TheoryData<string> NoRequests() =>
    [
        "ff", "00", "0a", "08", "0806", // a NOTIFY
        "1202ffff", "12ffffffff0f", "0804120a", "0b0b0b0b0b",
        new string('f', 400_000),
        string.Concat(Enumerable.Repeat("0b", 200_000)), // groups in groups
    ];

    [Theory]
    [MemberData(nameof(NoRequests))]
    public async Task What_is_no_request_is_refused(string packet)
    {
        using var engine = await Engine.Create();
        var result = await engine.Ask(new { raw = packet });
        Assert.Equal(EINVAL, result.Refusal("EMPTY").Number);
        Assert.Equal(1, result.ExitCode);
    }

    [Theory]
    [InlineData("0804")]
    [InlineData("080d")]
    public async Task A_pre_dump_without_options_is_refused(string packet)
    {
        using var engine = await Engine.Create();
        var result = await engine.Ask(new { raw = packet });
        Assert.Equal((EINVAL, "the request has no options"), result.Refusal(packet == "0804" ? "PRE_DUMP" : "SINGLE_PRE_DUMP"));
    }

    [Fact]
    public async Task A_message_without_a_byte_is_an_end()
    {
        using var engine = await Engine.Create();
        var result = await engine.Ask(new { raw = "" });
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("", result.Errors);
    }

    /// <summary>Paths, numbers and directories that no engine would send, from a seed.</summary>
    [Fact]
    public async Task No_options_of_a_request_harm_the_tree_or_stay_without_an_answer()
    {
        await using var victim = await Victim.Start("plain");
        var before = VictimState.OfTree(victim);
        using var engine = await Engine.Create();
        using var scratch = new Scratch();
        var random = new Random(17);
        string[] texts = ["", "/", "../1", "x", "-v", "--help", "\t\n", new('a', 5000), "é€", "/proc/self/fd/0", "=", "{1}"];
        int[] numbers = [int.MinValue, -1, 0, 1, 2, 3, 65536, int.MaxValue];
        for (var i = 0; i < 40; i++)
        {
            var result = await engine.Ask(Engine.PreDump(victim.Pid, scratch.Folder($"{i}"), new
            {
                log_level = Any(numbers),
                parent_img = "no" + Any(texts),
                freeze_cgroup = Any(texts),
                timeout = random.Next(),
                config_file = Any(texts),
                work_dir_fd = Any(numbers),
                ps = new { address = Any(texts), port = Any(numbers), fd = Any(numbers) },
                tls_cacert = Any(texts),
            }));
            var (number, message) = result.Refusal();
            Assert.InRange(number, 1, 133);
            Assert.NotEmpty(message);
            Assert.DoesNotContain("defect", message);
        }
        await VictimState.AssertUnchanged(before, victim);

        T Any<T>(T[] of) => of[random.Next(of.Length)];
    }
}
