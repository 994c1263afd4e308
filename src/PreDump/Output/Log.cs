using System.Diagnostics;
using PreDump.Core;
using PreDump.Linux;
using PreDump.Settings;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;

namespace PreDump.Output;

/// <summary>The log, as CRIU's options ask for it: to a file of mode 0600 in the work directory, or to standard error. Warnings
/// and errors of a run that logs to a file are on standard error too.</summary>
internal static class Log
{
    /// <summary>Opens it.</summary>
    /// <exception cref="PreDumpException">The log file can't be written.</exception>
    public static Logger Open(ILogOptions options)
    {
        var level = LevelOf(options.Verbosity);
        var onScreen = options.Quiet ? LogEventLevel.Error : options.LogFile is null ? level : Max(level, LogEventLevel.Warning);
        var configuration = new LoggerConfiguration().MinimumLevel.Is(level);
        if (options.LogFile == "-")
            configuration.WriteTo.Console(new LineFormatter(withTime: true), restrictedToMinimumLevel: level);
        else
            configuration.WriteTo.Console(new LineFormatter(withTime: false), restrictedToMinimumLevel: onScreen,
                standardErrorFromLevel: LogEventLevel.Verbose);
        if (options.LogFile is { } name and not "-")
        {
            using var file = CreatePrivate(Path.Combine(options.WorkDirectory, name));
            // By its descriptor: what has been planted under the name since is not opened.
            string path = $"/proc/self/fd/{file.Number}";
            configuration.WriteTo.File(new LineFormatter(withTime: true), path, fileSizeLimitBytes: null);
        }
        return configuration.CreateLogger();
    }

    /// <summary>Closes it when disposed. If there was no room for its end that is a warning; the images are good.</summary>
    public static IDisposable CloseAtEnd(Logger log) => new End(log);

    private sealed class End(Logger log) : IDisposable
    {
        public void Dispose()
        {
            try
            {
                log.Dispose();
            }
            catch (IOException e)
            {
                Console.Error.WriteLine($"predump: warning: the end of the log could not be written ({OneLine.Of(e.Message)})");
            }
        }
    }

    private static LogEventLevel LevelOf(int verbosity) => verbosity switch
    {
        <= 1 => LogEventLevel.Error,
        2 => LogEventLevel.Warning,
        3 => LogEventLevel.Information,
        _ => LogEventLevel.Debug,
    };

    private static LogEventLevel Max(LogEventLevel a, LogEventLevel b) => a > b ? a : b;

    // Serilog would make it readable for all users, and follow a planted link.
    private static Fd CreatePrivate(string path)
    {
        try
        {
            return PrivateFile.CreateOrTruncate(path);
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"the log file can't be written ({e.Message}): give --log-file another name, or "
                + "--work-dir another directory");
        }
    }

    private sealed class LineFormatter(bool withTime) : ITextFormatter
    {
        private readonly long _start = Stopwatch.GetTimestamp();

        public void Format(LogEvent logEvent, TextWriter output)
        {
            var kind = logEvent.Level switch
            {
                LogEventLevel.Debug => "debug",
                LogEventLevel.Information => "info",
                LogEventLevel.Warning => "warning",
                _ => "error",
            };
            if (withTime)
                output.Write($"({Stopwatch.GetElapsedTime(_start).TotalSeconds:00.000000}) {kind}: ");
            else
            {
                ProgressLine.Erase();
                output.Write($"predump: {kind}: ");
            }
            output.WriteLine(OneLine.Of(logEvent.RenderMessage(System.Globalization.CultureInfo.InvariantCulture)));
        }
    }
}
