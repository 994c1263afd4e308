using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using PreDump.Commands;
using PreDump.Output;

namespace PreDump.Cli;

/// <summary>The commands: the pre-dump itself, by name or without one, and what is done with images.</summary>
internal static class CommandLine
{
    private const string About =
        "Copies the memory of a running process tree into CRIU images while the tree keeps running: what criu pre-dump does, "
        + "with a shorter freeze and nothing of ours in the tree. The final criu dump --track-mem --prev-images-dir then "
        + "copies only what was written since.";

    private const string More = """
        Examples:
          predump -t 1234 -D /ckpt/1                              a first, full round
          predump -t 1234 -D /ckpt/2 --prev-images-dir ../1       only what was written since
          criu dump -t 1234 -D /ckpt/3 --track-mem --prev-images-dir ../2 \
                    --action-script '/usr/bin/predump || exit 1'
          criu restore -D /ckpt/3
          predump check                                           what this kernel and user can do

        Options of criu dump that make no difference to a pre-dump are accepted, and so are criu's configuration files
        (--config FILE, --no-default-config). Exit codes: 0 done, 1 failed, 2 wrong usage, 128+N ended by signal N.
        """;

    /// <summary>Parses and runs a command line; returns the exit code.</summary>
    public static int Run(IReadOnlyList<string> arguments)
    {
        var criu = CriuArguments.From(arguments);
        var line = Commands(criu.Ignored, arguments).Parse(criu.Tokens, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (line.Errors.Count > 0 && line.Action is not (HelpAction or MoreHelp))
        {
            Message.Error(line.Errors[0].Message.TrimEnd('.') + " (see predump --help)");
            return ExitCode.Usage;
        }
        return line.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static RootCommand Commands(IReadOnlyList<string> ignored, IReadOnlyList<string> arguments)
    {
        var root = new RootCommand(About);
        var preDump = new Command("pre-dump", "The same as predump without a command, so that it can stand for criu pre-dump in a script.");
        foreach (var command in new Command[] { root, preDump })
        {
            foreach (var option in Options.All)
                command.Add(option);
            command.SetAction(line => PreDumpCommand.Run(Options.Bind(line), ignored));
        }
        root.Validators.Add(ValidateRoot);
        preDump.Validators.Add(Options.Validate);
        root.Add(preDump);

        var check = new Command("check", "Say what this kernel, these capabilities and this user can do, and what that means.");
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        check.Add(json);
        check.SetAction(line => CheckCommand.Run(line.GetValue(json)));
        root.Add(check);

        var directory = new Argument<string?>("DIR") { Description = "The images [default: --images-dir]", Arity = ArgumentArity.ZeroOrOne };
        string DirectoryOf(ParseResult line) => line.GetValue(directory) ?? line.GetValue(Options.ImagesDir) ?? ".";

        var dedup = new Command("dedup", "Free in the parent images what the images in a directory replace, as criu dedup does.");
        dedup.Add(directory);
        dedup.Add(Options.ImagesDir);
        dedup.SetAction(line => DedupCommand.Run(DirectoryOf(line)));
        root.Add(dedup);

        var verify = new Command("verify", "Check images and all rounds before them; with a stopped tree also against its memory.");
        verify.Add(directory);
        foreach (var option in new Option[] { Options.ImagesDir, Options.Tree, json })
            verify.Add(option);
        verify.SetAction(line => VerifyCommand.Run(DirectoryOf(line), line.GetValue(Options.Tree), line.GetValue(json)));
        root.Add(verify);

        var serve = new Command("page-server", "Receive the pages of pre-dumps and dumps, predump's or criu's (--page-server), over the network.");
        foreach (var option in Options.AllServe)
            serve.Add(option);
        serve.Validators.Add(Options.ValidateServe);
        serve.SetAction(line => PageServerCommand.Run(Options.BindServe(line), arguments));
        root.Add(serve);

        var show = new Command("show", "Show what stands in an image, or what a directory of images holds.");
        var image = new Argument<string?>("FILE|DIR") { Description = "An image, or a directory of them [default: --images-dir]", Arity = ArgumentArity.ZeroOrOne };
        show.Add(image);
        show.Add(Options.ImagesDir);
        show.Add(json);
        show.SetAction(line => ShowCommand.Run(line.GetValue(image) ?? line.GetValue(Options.ImagesDir) ?? ".", line.GetValue(json)));
        root.Add(show);

        foreach (var option in root.Options)
        {
            if (option is VersionOption version)
            {
                version.Aliases.Add("-V");
                version.Action = new PrintVersion();
            }
            else if (option is HelpOption help)
                help.Action = new MoreHelp((HelpAction)help.Action!);
        }
        return root;
    }

    // Only where no subcommand was named is the root's own command line complete.
    private static void ValidateRoot(System.CommandLine.Parsing.CommandResult result)
    {
        if (!result.Children.OfType<System.CommandLine.Parsing.CommandResult>().Any())
            Options.Validate(result);
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            Console.Out.WriteLine($"predump {ProgramVersion.Text}");
            return ExitCode.Done;
        }
    }

    private sealed class MoreHelp(HelpAction standard) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            standard.Invoke(parseResult);
            if (parseResult.CommandResult.Command is RootCommand or { Name: "pre-dump" })
                Console.Out.WriteLine(More);
            return ExitCode.Done;
        }
    }
}
