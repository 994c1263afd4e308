namespace PreDump.Tests.Support;

/// <summary>A user without any capability, and a folder where that user gets at what tests put there.</summary>
internal sealed class Nobody : IDisposable
{
    private const string SetPriv = "/usr/bin/setpriv";
    private const UnixFileMode Everyone = (UnixFileMode)0b111_111_111;

    private readonly Scratch _scratch = new();

    public Nobody()
    {
        Requires.Root();
        Requires.Program(SetPriv, "util-linux");
        File.SetUnixFileMode(_scratch.Path, Everyone);
        Images = _scratch.Folder("images");
        File.SetUnixFileMode(Images, Everyone);
    }

    public string Images { get; }

    public async Task<CommandResult> RunTool(params string[] arguments) =>
        await Command.Run(SetPriv, AsNobody([Copy(await PreDumpTool.File()), .. arguments]));

    /// <summary>The same with some capabilities of root's, such as "sys_ptrace".</summary>
    public async Task<CommandResult> RunToolWith(string[] capabilities, params string[] arguments)
    {
        var given = string.Join(',', capabilities.Select(capability => $"+{capability}"));
        return await Command.Run(SetPriv, [$"--inh-caps={given}", $"--ambient-caps={given}", .. AsNobody([Copy(await PreDumpTool.File()), .. arguments])]);
    }

    public Task<Victim> Fixture(string name) => Victim.Ready(SetPriv, AsNobody([Copy(Victim.FixtureFile(name))]));

    public void Dispose() => _scratch.Dispose();

    private static string[] AsNobody(string[] command) => ["--reuid=65534", "--regid=65534", "--clear-groups", .. command];

    private string Copy(string file)
    {
        var copy = _scratch[Path.GetFileName(file)];
        File.Copy(file, copy, overwrite: true);
        File.SetUnixFileMode(copy, Everyone);
        return copy;
    }
}
