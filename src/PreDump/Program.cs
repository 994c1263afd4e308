using PreDump;
using PreDump.Cli;
using PreDump.Commands;
using PreDump.Criu;
using PreDump.Engines;
using PreDump.Linux;
using PreDump.Output;

return OwnText.Arguments(args) switch
{
    // What criu starts, with the tree frozen.
    [] when ActionScript.Action is { } action => ActionScript.Run(action),
    // Called as criu: at first, since nothing may be set up for the real criu.
    var all when CriuRole.CommandLine(OwnText.Program, all) is { } criu => CriuRole.Run(criu),
    // What predump starts of itself; no user is meant to.
    [EngineRound.Command, var report, var configFile, .. var round] => EngineRound.RunRequest(report, configFile, round),
    [CriuProcess.Command, var socket, var pipe, var name] => CriuProcess.Become(socket, pipe, name),
    [ThawGuard.Command, var stateFile, var thawed] => ThawGuard.Run(stateFile, thawed),
    [PageServerDaemon.Command, .. var own] => Run(own, isDaemon: true),
    var all => Run(all, isDaemon: false),
};

static int Run(string[] arguments, bool isDaemon)
{
    OwnProcess.Prepare();
    try
    {
        if (arguments is not ["--version" or "-V"]) // callers ask often, and need no parser for it
            return CommandLine.Run(arguments, isDaemon);
        ProgramVersion.Print();
        return ExitCode.Done;
    }
    catch (Exception e)
    {
        Message.Error(InputNames.TryExplain(e) ?? $"this is a defect of predump, please report it: {e}");
        return ExitCode.Failed;
    }
}
