using PreDump.Cli;
using PreDump.Core;
using PreDump.Linux;
using Serilog;
using Serilog.Events;

namespace PreDump.Host;

/// <summary>Writes into the log what Core and the page server report.</summary>
internal class LogObserver(ILogger log) : IObserver
{
    /// <summary>The options that make no difference: those that must surprise the user as warnings.</summary>
    public void Report(IReadOnlyList<IgnoredOption> ignored)
    {
        foreach (var option in ignored)
            log.Write(option.IsSurprising ? LogEventLevel.Warning : LogEventLevel.Debug,
                "{Option:l}: {Why:l}", option.Written, option.Why);
    }

    /// <inheritdoc/>
    public void Detail(string what) => log.Debug("{What:l}", what);

    /// <inheritdoc/>
    public void Note(string what) => log.Information("{What:l}", what);

    /// <inheritdoc/>
    public void Warn(string what, params Input[] about) => log.Warning("{What:l}", InputNames.Name(what, about));
}
