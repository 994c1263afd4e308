using PreDump.Cli;
using PreDump.Core;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Host;

/// <summary>For commands that have no log: warnings go to standard error.</summary>
internal sealed class MessageObserver : IObserver
{
    /// <inheritdoc/>
    public void Detail(string what)
    {
    }

    /// <inheritdoc/>
    public void Note(string what)
    {
    }

    /// <inheritdoc/>
    public void Warn(string what, params Input[] about) => Message.Warning(InputNames.Name(what, about));
}
