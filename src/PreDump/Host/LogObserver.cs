using PreDump.Cli;
using PreDump.Core;
using PreDump.Linux;
using Serilog;

namespace PreDump.Host;

/// <summary>Writes what it is told into the log.</summary>
internal class LogObserver(ILogger log) : IObserver
{
    /// <inheritdoc/>
    public void Detail(string what) => log.Debug("{What:l}", what);

    /// <inheritdoc/>
    public void Note(string what) => log.Information("{What:l}", what);

    /// <inheritdoc/>
    public void Warn(string what, params Input[] about) => log.Warning("{What:l}", InputNames.Name(what, about));
}
