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
        bool isOnScreen = IsStandardOutput(options.LogFile) || LogFile.DescriptorIn(options.LogFile ?? "") == 2;
        if (!isOnScreen)
            configuration.WriteTo.Console(new LineFormatter(withTime: false), restrictedToMinimumLevel: onScreen,
                standardErrorFromLevel: LogEventLevel.Verbose);
        if (IsStandardOutput(options.LogFile))
            configuration.WriteTo.Console(new LineFormatter(withTime: true), restrictedToMinimumLevel: level);
        else if (options.LogFile is { } name)
        {
            var file = Open(Path.Combine(options.WorkDirectory, name));
            configuration.WriteTo.Sink(new LogSink(file, new LineFormatter(withTime: true, options.CalledAsCriu)));
        }
        return configuration.CreateLogger();
    }

    /// <summary>Whether a log file's name stands for standard output.</summary>
    public static bool IsStandardOutput(string? logFile) => logFile == "-" || LogFile.DescriptorIn(logFile ?? "") == 1;

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

    private static Fd Open(string path)
    {
        try
        {
            return LogFile.Open(path);
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"the log file can't be written ({e.Message}): give --log-file another name, or "
                + "--work-dir another directory");
        }
    }

    private sealed class LineFormatter(bool withTime, bool asCriu = false) : ITextFormatter
    {
        private readonly long _start = Stopwatch.GetTimestamp();

        public void Format(LogEvent logEvent, TextWriter output)
        {
            var kind = logEvent.Level switch
            {
                LogEventLevel.Debug => "debug",
                LogEventLevel.Information => "info",
                LogEventLevel.Warning => asCriu ? "Warn (predump)" : "warning",
                _ => asCriu ? "Error (predump)" : "error",
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
