using System.Globalization;
using System.Text;
using PreDump.Linux;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;

namespace PreDump.Output;

/// <summary>Writes log lines to an open file, each at once and whole, so that they survive whatever ends us, and those of several
/// threads do not mix.</summary>
internal sealed class LogSink(Fd file, ITextFormatter formatter) : ILogEventSink, IDisposable
{
    private string? _failure;

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        using var line = new StringWriter(CultureInfo.InvariantCulture);
        formatter.Format(logEvent, line);
        try
        {
            file.Write(Encoding.UTF8.GetBytes(line.ToString()));
        }
        catch (LinuxException e)
        {
            _failure ??= e.Message; // a full disk is no reason to lose the round
        }
    }

    /// <summary>Closes the file.</summary>
    /// <exception cref="IOException">Some of the lines could not be written.</exception>
    public void Dispose()
    {
        try
        {
            file.Close();
        }
        catch (LinuxException e)
        {
            _failure ??= e.Message;
        }
        if (_failure is not null)
            throw new IOException(_failure);
    }
}
