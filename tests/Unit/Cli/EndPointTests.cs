using PreDump.Cli;
using Xunit;

namespace PreDump.Tests.Unit.Cli;

/// <summary>ADDRESS:PORT.</summary>
public sealed class EndPointTests
{
    [Theory]
    [InlineData("10.0.0.2:7777", "10.0.0.2", 7777)]
    [InlineData("host.example:1", "host.example", 1)]
    [InlineData("[2001:db8::2]:65535", "2001:db8::2", 65535)]
    [InlineData("[fe80::1%eth0]:9", "fe80::1%eth0", 9)]
    [InlineData("[10.0.0.2]:9", "10.0.0.2", 9)]
    public void An_address_and_a_port(string text, string address, int port) =>
        Assert.Equal((address, port), OptionKinds.TrySplit(text));

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("7777")]
    [InlineData(":7777")]
    [InlineData("host")]
    [InlineData("host:")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:99999999999")]
    [InlineData("host:+1")]
    [InlineData("host: 1")]
    [InlineData("host:-1")]
    [InlineData("host:0x10")]
    [InlineData("2001:db8::2")] // where does the port begin?
    [InlineData("::1:7777")]
    [InlineData("[]:7777")]
    [InlineData("[::1]")]
    [InlineData("[::1]7777")]
    [InlineData("[::1:7777")]
    [InlineData("::1]:7777")]
    public void Anything_else(string text) => Assert.Null(OptionKinds.TrySplit(text));
}
