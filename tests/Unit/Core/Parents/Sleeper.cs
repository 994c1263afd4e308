using System.Diagnostics;

namespace PreDump.Tests.Unit.Core.Parents;

/// <summary>Another process, which does nothing and is killed at the end of the test.</summary>
internal sealed class Sleeper : IDisposable
{
    private readonly Process _process;

    private Sleeper(Process process) => _process = process;

    public int Pid => _process.Id;

    public static async Task<Sleeper> Start() => new(await Command.Start("sleep", ["60"]));

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }
}
