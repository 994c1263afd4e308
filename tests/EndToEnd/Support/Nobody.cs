using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A user without capabilities, and a folder that this user can access.</summary>
internal sealed class Nobody : IDisposable
{
    private const string SetPriv = "/usr/bin/setpriv";
    private const UnixFileMode Everyone = (UnixFileMode)0b111_111_111;
    private const UnixFileMode UserAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly Scratch _scratch = new();

    /// <param name="id">The user's and the group's number; that of Debian's "nobody" by default.</param>
    public Nobody(int id = 65534)
    {
        Id = id;
        Requires.Root();
        Requires.Program(SetPriv, "util-linux");
        File.SetUnixFileMode(_scratch.Path, Everyone);
        Images = _scratch.Folder("images");
        File.SetUnixFileMode(Images, Everyone);
    }

    public int Id { get; }

    public string Images { get; }

    public Task<CommandResult> RunTool(params string[] arguments) => RunToolBehind([], arguments);

    public Task<CommandResult> Run(string file, params string[] arguments) =>
        Command.Run(SetPriv, AsNobody([file, .. arguments]));

    /// <summary>The same, started by another command, to whose arguments the tool and its arguments are appended.</summary>
    public async Task<CommandResult> RunToolBehind(string[] command, params string[] arguments) =>
        await Command.Run(SetPriv, AsNobody([.. command, await Copy(await PreDumpTool.File()), .. arguments]));

    /// <summary>The same in a mount namespace whose /proc has this hidepid; with these capabilities.</summary>
    public async Task<CommandResult> RunToolHidepid(int hidepid, string[] capabilities, params string[] arguments) =>
        await RunHidepid(hidepid, [.. Given(capabilities), .. AsNobody([await Copy(await PreDumpTool.File()), .. arguments])]);

    /// <summary>Tries to hide process 1 from this user that way; skips the test if that is impossible.</summary>
    public async Task RequireHidepid(int hidepid)
    {
        var tried = await RunHidepid(hidepid, AsNobody(["/bin/sh", "-c", "test ! -r /proc/1/status"]));
        string why = tried.Errors.Length > 0 ? tried.Errors.Trim() : "it hides nothing";
        Assert.SkipUnless(tried.ExitCode == 0, $"/proc can't be mounted with hidepid={hidepid} here: {why}");
    }

    /// <summary>The same with some capabilities, such as "sys_ptrace".</summary>
    public async Task<CommandResult> RunToolWith(string[] capabilities, params string[] arguments) =>
        await Command.Run(SetPriv, [.. Given(capabilities), .. AsNobody([await Copy(await PreDumpTool.File()), .. arguments])]);

    public async Task<Victim> Start(string name) => await Victim.Ready(SetPriv, AsNobody([await Copy(Victim.FileOf(name))]));

    /// <summary>A victim that is owned by root and setuid.</summary>
    public async Task<Victim> StartSetuid(string name)
    {
        var file = await Copy(Victim.FileOf(name));
        File.SetUnixFileMode(file, UnixFileMode.SetUser | UserAll | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        return await Victim.Ready(SetPriv, AsNobody([file]));
    }

    public void Dispose() => _scratch.Dispose();

    // Only /proc is made private (unshare would change all mounts from the root, which need not be a mount point in
    // a chroot).
    private static Task<CommandResult> RunHidepid(int hidepid, string[] withPrivileges) =>
        Command.Run("/usr/bin/unshare", ["--mount", "--propagation", "unchanged", "/bin/sh", "-c",
            $"mount --make-private /proc && mount -t proc -o hidepid={hidepid} proc /proc && exec \"$0\" \"$@\"",
            SetPriv, .. withPrivileges]);

    private static string[] Given(string[] capabilities)
    {
        var list = string.Join(',', capabilities.Select(capability => $"+{capability}"));
        return list.Length == 0 ? [] : [$"--inh-caps={list}", $"--ambient-caps={list}"];
    }

    private string[] AsNobody(string[] command) => [$"--reuid={Id}", $"--regid={Id}", "--clear-groups", .. command];

    /// <summary>A copy of a program that this user can access. It is not written by this process: a child that another test forks
    /// meanwhile would hold the file open for a moment, and a file that is open for writing can't be executed.</summary>
    public async Task<string> Copy(string file)
    {
        var copy = _scratch[Path.GetFileName(file)];
        await Command.Must("/usr/bin/install", "--mode=0777", file, copy);
        return copy;
    }
}
