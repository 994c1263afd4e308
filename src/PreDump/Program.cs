using PreDump;
using PreDump.Cli;
using PreDump.Commands;
using PreDump.Linux;
using PreDump.Output;
using PreDump.Settings;

if (args is [ThawGuard.Command, var stateFile, var thawed])
    return ThawGuard.Run(stateFile, thawed);
if (args is [] && ActionScript.Action is { } action) // the shortest way, too: the tree is frozen
    return ActionScript.Run(action);
OwnProcess.Prepare();
if (args is ["--version" or "-V"]) // the shortest way: callers ask often
{
    Console.Out.WriteLine($"predump {ProgramVersion.Text}");
    return ExitCode.Done;
}
try
{
    return CommandLine.Run(args);
}
catch (Exception e) when (InputNames.TryExplain(e) is { } reason)
{
    Message.Error(reason);
    return ExitCode.Failed;
}
catch (Exception e)
{
    Message.Error($"a defect of predump, please report it: {e}");
    return ExitCode.Failed;
}
