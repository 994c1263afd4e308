using PreDump.Cli;
using Xunit;

namespace PreDump.Tests.Unit.Cli;

/// <summary>Translation of criu's command line syntax to the parser's.</summary>
public sealed class CriuArgumentsTests
{
    [Theory]
    [InlineData("-v", "--verbosity=3")]
    [InlineData("-vvvv", "--verbosity=6")]
    [InlineData("-v -v", "--verbosity=4")]
    [InlineData("-v4", "--verbosity=4")]
    [InlineData("--verbosity=1", "--verbosity=1")]
    [InlineData("--verb=1", "--verbosity=1")]
    [InlineData("--verbosity", "--verbosity=3")]
    [InlineData("-v4 -v0", "--verbosity=0")]
    [InlineData("-vvvvvvvvvvvvv", "--verbosity=10")]
    [InlineData("-t 5 -D -v4", "--tree=5 --images-dir=-v4")]
    [InlineData("-t 5 -D --", "--tree=5 --images-dir=--")]
    [InlineData("-jRt5 -qDx", "--shell-job --leave-running --tree=5 --quiet --images-dir=x")]
    [InlineData("-qt 5", "--quiet --tree=5")]
    [InlineData("--json --no-json", "")]
    [InlineData("--tcp-established -t 5 --ext-mount-map auto --manage-cgroups=full pre-dump", "pre-dump --tree=5")]
    [InlineData("--no-tcp-established -t5", "--tree=5")]
    [InlineData("--external tty[1:2]", "")]
    [InlineData("-D a --images-dir b -t 1 --images-dir=c -t2", "--images-dir=c --tree=2")]
    [InlineData("--im a --tre 1", "--images-dir=a --tree=1")]
    [InlineData("--thr 2 --auto", "--threads=2 --auto-dedup")]
    [InlineData("-t -1 -Da -D b", "--tree=-1 --images-dir=b")]
    [InlineData("verify a --tree 1", "verify --tree=1 -- a")]
    [InlineData("show -- -a", "show -- -a")]
    [InlineData("page-server -t 1 --pidfile p", "page-server --pidfile=p")]
    [InlineData("dedup --help --tree", "--tree: its value is missing")]
    [InlineData("dedup x y z --help", "dedup --help")]
    [InlineData("check -V", "--version")]
    [InlineData("pre-dump -v 4", "pre-dump: 4 is one word too many")]
    [InlineData("--tls-c x", "--tls-c is ambiguous: --tls-cacert, --tls-cacrl, --tls-cert")]
    [InlineData("--restore x", "--restore is ambiguous: --restore-detached, --restore-sibling")]
    [InlineData("--json=1", "--json takes no value: leave =1 out")]
    [InlineData("-jY", "there is no option -Y")]
    [InlineData("--", "")]
    [InlineData("stray", "there is no command stray")]
    [InlineData("verify --threads 2", "--threads is not an option of verify")]
    [InlineData("-vvt5", "-vvt5: the level must be a number, or a v for each level more")]
    public void A_command_line_written_for_criu_is_normalised_or_refused(string line, string expected)
    {
        string got;
        try
        {
            got = string.Join(' ', Normalise(line).Tokens);
        }
        catch (UsageException e)
        {
            got = e.Message;
        }
        Assert.Equal(expected, got);
    }

    [Fact]
    public void Options_of_criu_that_are_set_aside_are_told() => Assert.Equal(
        ["--file-locks: makes no difference to pre-dump", "--ghost-limit 1M: makes no difference to pre-dump",
            "--pidfile p: makes no difference to pre-dump", "--port 27: makes no difference without --page-server"],
        Told("pre-dump --file-locks --port 27 --ghost-limit 1M --pidfile p").Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("--port 27", true)]
    [InlineData("--stream", true)]
    [InlineData("--pidfile p", false)]
    [InlineData("--lazy-pages", false)]
    [InlineData("page-server --ps-socket 9 --port 27", true)]
    public void What_may_surprise_is_a_warning(string line, bool isWarning) =>
        Assert.Equal(isWarning, Assert.Single(Normalise(line).Ignored).IsSurprising);

    [Theory]
    [InlineData("page-server --ps-socket 9 --address there --port 27", "--address there", "--port 27")]
    [InlineData("page-server --ps-socket 9 --address there --port 27 --tls", "--port 27")] // certificates name the address
    public void An_address_beside_a_connection_is_only_for_certificates(string line, params string[] ignored) =>
        Assert.Equal(ignored, Normalise(line).Ignored.Select(option => option.Written).Order(StringComparer.Ordinal));

    private static IEnumerable<string> Told(string line) =>
        Normalise(line).Ignored.Select(option => $"{option.Written}: {option.Why}");

    private static CriuArguments Normalise(string line) =>
        CriuArguments.From(["--no-default-config", .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
}
