using System.Globalization;
using PreDump.Linux;

namespace PreDump.Cli;

/// <summary>Turns a command line as criu takes it into one that the parser takes: the command comes first, then the options that
/// it takes, those of configuration files before its own; -v and the like become one --verbosity, --no-X revokes an earlier --X,
/// and what criu has for its other commands is set aside.</summary>
internal sealed class CriuArguments
{
    private readonly List<(ITableOption Option, GivenOption Given)> _taken = [];
    private readonly List<IgnoredOption> _ignored = [];
    private readonly string? _command;
    private readonly Takers _taker;
    private readonly IReadOnlyList<string> _operands;
    private int? _verbosity;

    private CriuArguments(IReadOnlyList<string> operands)
    {
        var named = operands.Count > 0 ? CommandNames.TakerOf(operands[0]) : null;
        _taker = named ?? Takers.PreDump;
        _command = named is null ? null : operands[0];
        _operands = [.. operands.Skip(named is null ? 0 : 1)];
    }

    /// <summary>The command line for the parser.</summary>
    public IReadOnlyList<string> Tokens { get; private set; } = [];

    /// <summary>The options that were set aside.</summary>
    public IReadOnlyList<IgnoredOption> Ignored => _ignored;

    /// <summary>Normalises a command line, with the configuration files that it and the environment ask for.</summary>
    /// <param name="commandLine">The command line.</param>
    /// <param name="lastFile">A file whose options win over all others, if it exists; null: none. criu's RPC has such a
    /// file.</param>
    /// <exception cref="Core.PreDumpException">A configuration file can't be read.</exception>
    /// <exception cref="UsageException">The command line or a file makes no sense.</exception>
    public static CriuArguments From(IReadOnlyList<string> commandLine, string? lastFile = null)
    {
        var line = new Getopt(commandLine);
        var arguments = new CriuArguments(line.Operands);
        if (line.Options.Any(option => option.Name is "help"))
            arguments.Tokens = [.. arguments.Command, "--help"]; // even if a configuration file is damaged
        else if (line.Options.Any(option => option.Name is "version"))
            arguments.Tokens = ["--version"];
        else
        {
            arguments.RefuseOperands();
            foreach (var option in ConfigFiles.Options(line.Options).Concat(line.Options).Concat(ConfigFiles.IfExists(lastFile)))
                arguments.Add(option);
            arguments.SetAsideWhatDoesNotApply();
            arguments.Tokens = [.. arguments.Command, .. arguments.OptionTokens, .. arguments.OperandTokens];
        }
        return arguments;
    }

    /// <summary>Where the value of an option comes from if not from the command line: "FILE, line N: "; else empty.</summary>
    public string PlaceOf(System.CommandLine.Option option) =>
        _taken.Where(taken => taken.Option == option).Select(taken => Before(taken.Given)).FirstOrDefault("");

    private static string Before(GivenOption given) => given.Place is { } place ? place + ": " : "";

    private IEnumerable<string> Command => _command is null ? [] : [_command];

    private IEnumerable<string> OptionTokens
    {
        get
        {
            foreach (var (option, given) in _taken)
                yield return given.Value is null ? option.Name : $"{option.Name}={given.Value}";
            if (_verbosity is { } level)
                yield return string.Create(CultureInfo.InvariantCulture, $"{ProcessOptions.Verbosity.Name}={level}");
        }
    }

    private IEnumerable<string> OperandTokens => _operands.Count == 0 ? [] : _operands.Prepend("--");

    private void RefuseOperands()
    {
        if (_operands.Count > 0 && _command is null)
            throw new UsageException($"there is no command {_operands[0]}");
        if (_taker == Takers.Checkpoint) // what stands behind -- is criu's
            return;
        bool takesOne = _taker is Takers.Verify or Takers.Show or Takers.Dedup or Takers.Squash;
        if (_operands.Count > (takesOne ? 1 : 0))
            throw new UsageException($"{_command}: {_operands[^1]} is one word too many");
    }

    // Of an option that is given twice the last one counts, so a command line overrides configuration files.
    private void Add(GivenOption given)
    {
        if (ConfigFiles.Choose(given.Name))
            return;
        if (_taker == Takers.Squash && given.Written.StartsWith($"{SquashOptions.Letter} ", StringComparison.Ordinal))
            given = given with { Name = SquashOptions.Output.Name["--".Length..] };
        var option = Options.Named("--" + given.Name);
        if (option is null || !option.IsFor(_taker) || IsMeantForCriuAlone(given))
            SetAside(given, option);
        else if (option == ProcessOptions.Verbosity)
            _verbosity = Verbosity.After(_verbosity ?? ProcessOptions.Verbosity.Default!.Value, given);
        else
        {
            _taken.RemoveAll(taken => taken.Option == option);
            if (!given.IsRevoked)
                _taken.Add((option, given));
        }
    }

    // criu has no verify: a tree in its configuration file is the one to dump.
    private bool IsMeantForCriuAlone(GivenOption given) => given.IsFromFile && _taker switch
    {
        Takers.Verify => given.Name == "tree",
        Takers.PreDump => given.Name == "status-fd",
        _ => false,
    };

    private void SetAside(GivenOption given, ITableOption? option)
    {
        var command = _command ?? "predump";
        if (!given.IsFromFile)
        {
            if (CriuOptions.KindOf(given.Name) is null)
                throw new UsageException($"{option?.Name ?? given.Written} is not an option of {command}");
            if (_taker == Takers.PageServer && given.Name == "lazy-pages")
                throw new UsageException("--lazy-pages: predump page-server only receives pages, and serves none");
            if (_taker == Takers.Check && given.Name == "feature")
                throw new UsageException("--feature: predump check says what predump needs; criu check knows features");
        }
        bool isStream = _taker == Takers.PreDump && given is { Name: "stream", IsRevoked: false };
        Ignore(given, isStream ? "predump writes files, and nothing to an image streamer" : $"makes no difference to {command}",
            isSurprising: isStream);
    }

    // What says where the other side is, where nothing or something else says so.
    private void SetAsideWhatDoesNotApply()
    {
        if (Takers.AnyRound.HasFlag(_taker) && !Takes(ConnectionOptions.PageServer))
            Drop("makes no difference without --page-server",
                ConnectionOptions.Address, ConnectionOptions.Port, ConnectionOptions.PsSocket);
        if (_taker == Takers.PageServer && (Takes(ConnectionOptions.PsSocket) || PassedSockets.Count > 0))
        {
            string socket = Takes(ConnectionOptions.PsSocket)
                ? "--ps-socket, which is connected already"
                : "the socket that the service manager passes";
            Drop($"makes no difference with {socket}", ConnectionOptions.Port);
            if (!Takes(ConnectionOptions.UseTls)) // whose certificates name it
                Drop($"makes no difference with {socket}, but for --tls", ConnectionOptions.Address);
        }
        if (_taker == Takers.PageServer && (Takes(ConnectionOptions.Rounds) || Takes(ConnectionOptions.Forever))
            && _taken.Any(taken => taken.Option == RoundOptions.PrevImagesDir && taken.Given.IsFromFile))
            Drop("makes no difference with --rounds and --forever", RoundOptions.PrevImagesDir);
    }

    private bool Takes(ITableOption option) => _taken.Any(taken => taken.Option == option);

    private void Drop(string why, params ITableOption[] options)
    {
        foreach (var (_, given) in _taken.Where(taken => options.Contains(taken.Option)))
            Ignore(given, why, isSurprising: true);
        _taken.RemoveAll(taken => options.Contains(taken.Option));
    }

    private void Ignore(GivenOption given, string why, bool isSurprising) =>
        _ignored.Add(new(given.Written, why, isSurprising && !given.IsFromFile));
}
