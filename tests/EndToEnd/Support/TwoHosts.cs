using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>Two hosts, as far as the network is concerned, and a link of 100 Mbit/s between them: namespaces that end, with all
/// their processes, when the process that holds each of them ends.</summary>
internal sealed class TwoHosts : IAsyncDisposable
{
    private const string Holder = """
        unshare --net true 2> /dev/null || { echo SKIP no network namespace can be made here; exit; }
        exec setpriv --pdeathsig KILL unshare --net sh -c 'echo READY $$; exec sleep infinity'
        """;

    private TwoHosts(Victim near, Victim far) => (Near, Far) = (new Host(near, "10.9.9.1"), new Host(far, "10.9.9.2"));

    public Host Near { get; }

    public Host Far { get; }

    /// <summary>Makes them; skips the test if that is impossible.</summary>
    public static async Task<TwoHosts> Connect()
    {
        Requires.Root();
        Requires.Program("/usr/sbin/tc", "iproute2");
        Requires.Program("/usr/bin/setpriv", "util-linux");
        var near = await Victim.Ready("/bin/sh", "-c", Holder);
        var hosts = new TwoHosts(near, await Victim.Ready("/bin/sh", "-c", Holder));
        try
        {
            var made = await Command.Run("/usr/sbin/ip",
                ["link", "add", "name", "wire", "netns", $"{hosts.Near.Pid}", "type", "veth",
                    "peer", "name", "wire", "netns", $"{hosts.Far.Pid}"]);
            Assert.SkipUnless(made.ExitCode == 0, $"needs a pair of network devices (veth): {made.Errors}");
            foreach (var host in new[] { hosts.Near, hosts.Far })
            {
                await host.Must("ip", "addr", "add", $"{host.Address}/24", "dev", "wire");
                await host.Plug(true);
                var shaped = await host.Run("tc", "qdisc", "add", "dev", "wire", "root", "tbf", "rate", "100mbit",
                    "burst", "64kb", "latency", "50ms");
                Assert.SkipUnless(shaped.ExitCode == 0, $"needs a slow link (tc-tbf): {shaped.Errors}");
            }
            return hosts;
        }
        catch
        {
            await hosts.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Near.DisposeAsync();
        await Far.DisposeAsync();
    }

    /// <summary>One of the two hosts.</summary>
    internal sealed class Host(Victim holder, string address) : IAsyncDisposable
    {
        public int Pid => holder.Pid;

        public string Address => address;

        /// <summary>The prefix of a command line that runs a command there; the command keeps its pid.</summary>
        public string[] Prefix => ["/usr/bin/nsenter", $"--net=/proc/{Pid}/ns/net"];

        public Task<CommandResult> Run(params string[] command) => Command.Run(Prefix[0], [.. Prefix[1..], .. command]);

        public Task Must(params string[] command) => Command.Must(Prefix[0], [.. Prefix[1..], .. command]);

        /// <summary>Takes its end of the link down, or up again.</summary>
        public Task Plug(bool into) => Must("ip", "link", "set", "wire", into ? "up" : "down");

        public ValueTask DisposeAsync() => holder.DisposeAsync();
    }
}
