using System.Reflection;
using PreDump.Cli;
using PreDump.Core;
using PreDump.Linux;
using PreDump.PageServer;
using Xunit;

namespace PreDump.Tests.Unit.Cli;

/// <summary>Messages that name an input get the name of its option.</summary>
public sealed class InputNamesTests
{
    public static IEnumerable<TheoryDataRow<Input>> Inputs() =>
        new[] { typeof(TreeInput), typeof(RoundInput), typeof(ServerInput) }
            .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Select(field => new TheoryDataRow<Input>((Input)field.GetValue(null)!));

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Every_input_has_an_option(Input input) =>
        Assert.Contains(InputNames.Of(input), Options.All.Select(option => option.Name).Append("predump check"));

    [Fact]
    public void The_options_stand_behind_the_message() => Assert.Equal("port 80 can't be used: use another (--address, --port)",
        InputNames.TryExplain(new PreDumpException("port 80 can't be used: use another", ServerInput.Address, ServerInput.Port)));

    [Fact]
    public void A_message_about_no_input_stays_as_it_is() =>
        Assert.Equal("out of luck", InputNames.TryExplain(new TreeException("out of luck")));

    [Fact]
    public void A_full_disk_is_about_the_images_directory() =>
        Assert.EndsWith("(--images-dir)", InputNames.TryExplain(new LinuxException("write", "pages-1.img", Errno.ENOSPC)));
}
