using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using PreDump.Cli;
using PreDump.Output;

namespace PreDump.Commands;

/// <summary>The commands: the pre-dump itself, by name or without one, and what is done with images.</summary>
internal static class CommandLine
{
    // What a shell asks when a line is to be completed: predump "[suggest:8]" "predump ".
    private const string Suggest = "[suggest";

    private const string About =
        "Copies the memory of a running process tree into CRIU images while the tree keeps running: what criu pre-dump does, "
        + "with a shorter freeze and nothing of predump's own in the tree. The final criu dump --track-mem --prev-images-dir "
        + "then copies only what was written since.";

    private const string More = """
        Examples:
          predump -t 1234 -D /ckpt/1                              a first, full round
          predump -t 1234 -D /ckpt/2 --prev-images-dir ../1       only what was written since
          criu dump -t 1234 -D /ckpt/3 --track-mem --prev-images-dir ../2 \
                    --action-script /usr/bin/predump
          criu restore -D /ckpt/3
          predump check                                           what this kernel and this user can do

        What criu takes for any of its commands is accepted, even where it makes no difference.
        Exit codes: 0 done, 1 failed, 2 wrong usage, 128+N ended by signal N.
        """;

    /// <summary>Parses and runs a command line.</summary>
    /// <param name="arguments">As the shell gave them.</param>
    /// <param name="isDaemon">Whether this is the page server that another one has started in the background.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments, bool isDaemon = false)
    {
        if (arguments is [var first, ..] && first.StartsWith(Suggest, StringComparison.Ordinal))
            return Complete(arguments);
        CriuArguments criu;
        try
        {
            criu = CriuArguments.From(arguments);
        }
        catch (UsageException e)
        {
            return Misused(e.Message);
        }
        var line = Parse(criu, arguments, isDaemon);
        if (line.Errors.Count > 0 && line.Action is not (HelpAction or HelpPage))
        {
            var error = line.Errors[0];
            var place = error.SymbolResult is OptionResult { Option: var option } ? criu.PlaceOf(option) : "";
            return Misused(place + error.Message.TrimEnd('.'));
        }
        try
        {
            return line.Invoke(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException e) // what is wrong with criu's options behind --
        {
            return Misused(e.Message);
        }
    }

    // Prints the words that could come next, one a line.
    private static int Complete(IReadOnlyList<string> arguments)
    {
        try
        {
            return Tree(arguments, [], isDaemon: false).Parse(arguments, AsCriuParses())
                .Invoke(new() { EnableDefaultExceptionHandler = false });
        }
        catch (InvalidOperationException) // the library's, for --option=value
        {
            return ExitCode.Failed;
        }
    }

    /// <summary>Parses a normalised command line.</summary>
    internal static ParseResult Parse(CriuArguments criu, IReadOnlyList<string> arguments, bool isDaemon = false) =>
        Tree(arguments, criu.Ignored, isDaemon).Parse(criu.Tokens, AsCriuParses());

    // A word that begins with @ is no file of more words.
    private static ParserConfiguration AsCriuParses() => new() { ResponseFileTokenReplacer = null };

    private static RootCommand Tree(IReadOnlyList<string> arguments, IReadOnlyList<IgnoredOption> ignored, bool isDaemon)
    {
        var root = Root(ignored);
        root.Add(PageServer(arguments, ignored, isDaemon));
        ReplaceActions(root);
        return root;
    }

    private static int Misused(string what)
    {
        Message.Error(what + " (see predump --help)");
        return ExitCode.Usage;
    }

    private static RootCommand Root(IReadOnlyList<IgnoredOption> ignored)
    {
        var root = new RootCommand(About);
        var preDump = new Command("pre-dump", "The same as predump without a command, to replace criu pre-dump in a script.");
        foreach (var command in new Command[] { root, preDump })
        {
            Options.AddTo(command, Takers.PreDump);
            command.SetAction(line => PreDumpCommand.Run(OptionBinding.PreDump(line), ignored));
        }
        root.Validators.Add(ValidateRoot);
        preDump.Validators.Add(OptionRules.PreDump);
        root.Add(preDump);
        root.Add(Rounds(ignored));
        root.Add(Checkpoint(ignored));
        root.Add(Check());
        root.Add(Dedup());
        root.Add(Squash());
        root.Add(Verify());
        root.Add(Show());
        return root;
    }

    private static Command Rounds(IReadOnlyList<IgnoredOption> ignored)
    {
        var rounds = new Command("rounds", "Make rounds until a final dump would stop the tree only shortly.");
        Options.AddTo(rounds, Takers.Rounds);
        rounds.Validators.Add(OptionRules.PreDump);
        rounds.SetAction(line => RoundsCommand.Run(OptionBinding.Series(line, null), ignored));
        return rounds;
    }

    private static Command Checkpoint(IReadOnlyList<IgnoredOption> ignored)
    {
        var checkpoint = new Command("checkpoint", "Make rounds, and then the final dump with criu, proved.");
        var options = new Argument<string[]>("criu dump options") { Description = "Options for criu dump, behind --." };
        checkpoint.Add(options);
        Options.AddTo(checkpoint, Takers.Checkpoint);
        checkpoint.Validators.Add(OptionRules.PreDump);
        checkpoint.SetAction(line => CheckpointCommand.Run(OptionBinding.Series(line, line.GetValue(options) ?? []), ignored));
        return checkpoint;
    }

    private static Command Check()
    {
        var check = new Command("check", "Find out what works with this kernel and for this user, and what that means.");
        Options.AddTo(check, Takers.Check);
        check.SetAction(line => CheckCommand.Run(line.GetValue(RoundOptions.ImagesDir), ProcessOptions.Json.In(line)));
        return check;
    }

    private static Command Dedup()
    {
        var dedup = new Command("dedup", "Free in the parent images what the images in a directory replace, as criu dedup does.");
        var path = Path(dedup, Takers.Dedup, "DIR", "The images");
        dedup.SetAction(line => DedupCommand.Run(path(line)));
        return dedup;
    }

    private static Command Squash()
    {
        var squash = new Command("squash", "Make one directory without a parent of a chain of rounds, or of rounds and a dump.");
        var path = Path(squash, Takers.Squash, "DIR", "The last round, or the final dump");
        squash.Validators.Add(OptionRules.Squash);
        squash.SetAction(line =>
            SquashCommand.Run(path(line), SquashOptions.Output.In(line), ProcessOptions.Json.In(line)));
        return squash;
    }

    private static Command Verify()
    {
        var verify = new Command("verify", "Check images and all rounds before them, and compare them with a stopped tree.");
        var path = Path(verify, Takers.Verify, "DIR", "The images");
        verify.SetAction(line => VerifyCommand.Run(path(line), RoundOptions.Tree.In(line), ProcessOptions.Json.In(line)));
        return verify;
    }

    private static Command Show()
    {
        var show = new Command("show", "Show the contents of an image, or of a directory of images.");
        var path = Path(show, Takers.Show, "FILE|DIR", "An image, or a directory of images");
        show.Validators.Add(OptionRules.Show);
        show.SetAction(line => ShowCommand.Run(path(line), ProcessOptions.Json.In(line), ProcessOptions.Report.In(line)));
        return show;
    }

    private static Command PageServer(IReadOnlyList<string> arguments, IReadOnlyList<IgnoredOption> ignored, bool isDaemon)
    {
        var serve = new Command("page-server", "Receive the pages of predump's and criu's pre-dumps and dumps over the network.");
        Options.AddTo(serve, Takers.PageServer);
        serve.Validators.Add(OptionRules.PageServer);
        serve.SetAction(line =>
            PageServerCommand.Run(OptionBinding.PageServer(line) with { IsDaemon = isDaemon }, arguments, ignored));
        return serve;
    }

    // An argument that says where the images are, as --images-dir does.
    private static Func<ParseResult, string> Path(Command command, Takers which, string name, string what)
    {
        var path = new Argument<string?>(name)
        {
            Description = $"{what} [default: {RoundOptions.ImagesDir.Name}]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        command.Add(path);
        Options.AddTo(command, which);
        return line => line.GetValue(path) ?? RoundOptions.ImagesDir.In(line)!;
    }

    private static void ReplaceActions(RootCommand root)
    {
        foreach (var option in root.Options)
        {
            if (option is VersionOption version)
            {
                version.Aliases.Add("-V");
                version.Action = new PrintVersion();
            }
            else if (option is HelpOption help)
            {
                help.Action = new HelpPage((HelpAction)help.Action!);
                help.Aliases.Remove("/h"); // of another system
                help.Aliases.Remove("/?");
            }
        }
    }

    // Only where no subcommand was named is the root's own command line complete.
    private static void ValidateRoot(CommandResult result)
    {
        if (!result.Children.OfType<CommandResult>().Any())
            OptionRules.PreDump(result);
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            ProgramVersion.Print();
            return ExitCode.Done;
        }
    }

    private sealed class HelpPage(HelpAction standard) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var command = CommandNames.TakerOf(parseResult.CommandResult.Command.Name) ?? Takers.PreDump;
            Options.Describe(command);
            standard.Invoke(parseResult);
            if (command == Takers.PreDump)
                Console.Out.WriteLine(More);
            return ExitCode.Done;
        }
    }
}
