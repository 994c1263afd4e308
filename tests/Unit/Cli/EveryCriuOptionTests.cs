using PreDump.Cli;
using PreDump.Commands;
using Xunit;

namespace PreDump.Tests.Unit.Cli;

/// <summary>Every option that criu has or had can be given to every command, on the command line and in a configuration file:
/// a script may pass the same ones to all, and one file is read by all.</summary>
public sealed class EveryCriuOptionTests
{
    // What would be wrong to pass over: these are asked for something that predump can't do.
    private static readonly (string Command, string Option)[] s_refused = [("page-server", "lazy-pages"), ("check", "feature")];

    public static TheoryData<string> EveryCommand => ["pre-dump", "page-server", "verify", "show", "dedup", "squash", "check"];

    [Theory]
    [MemberData(nameof(EveryCommand))]
    public void On_the_command_line(string command) => Assert.All(CriuOptions.AllNames.Except(["help", "version"]), option =>
    {
        string[] line = [.. Base(command), "--no-default-config", .. Given(option)];
        if (s_refused.Contains((command, option)))
            Assert.Throws<UsageException>(() => CriuArguments.From(line));
        else
            AssertTaken(line);
    });

    [Theory]
    [MemberData(nameof(EveryCommand))]
    public void In_a_configuration_file(string command)
    {
        using var scratch = new Scratch();
        Assert.All(CriuOptions.AllNames, option =>
        {
            File.WriteAllText(scratch["config"], string.Join(' ', Given(option))["--".Length..] + "\n");
            AssertTaken([.. Base(command), "--config", scratch["config"]]);
        });
    }

    private static void AssertTaken(string[] line) =>
        Assert.Empty(CommandLine.Parse(CriuArguments.From(line), line).Errors.Select(error => error.Message));

    private static string[] Base(string command) => command switch
    {
        "pre-dump" => [command, "-t", "1", "--port", "7"],
        "squash" => [command, "--in-place"],
        _ => [command],
    };

    private static string[] Given(string option) => CriuOptions.KindOf(option) != ValueKind.Required ? ["--" + option] :
    [
        "--" + option, option switch
        {
            "tree" or "port" or "ps-socket" or "status-fd" or "timeout" => "9",
            "pre-dump-mode" => "splice",
            "config" => "/dev/null",
            _ => "some:thing",
        },
    ];
}
