using PreDump.Cli;
using PreDump.Core;
using PreDump.Linux;
using Serilog;

namespace PreDump.Host;

/// <summary>Writes into the log what Core and the page server report.</summary>
internal class LogObserver(ILogger log) : IObserver
{
    /// <inheritdoc/>
    public void Detail(string what) => log.Debug("{What:l}", what);

    /// <inheritdoc/>
    public void Note(string what) => log.Information("{What:l}", what);

    /// <inheritdoc/>
    public void Warn(string what, params Input[] about) => log.Warning("{What:l}", InputNames.Name(what, about));
}
