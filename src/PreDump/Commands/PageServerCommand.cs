using System.Net;
using System.Net.Sockets;
using PreDump.Cli;
using PreDump.Core;
using PreDump.Core.Sinks;
using PreDump.Host;
using PreDump.Linux;
using PreDump.Output;
using PreDump.PageServer.Client;
using PreDump.PageServer.Security;
using PreDump.PageServer.Serving;
using PreDump.PageServer.Wire;
using PreDump.Settings;
using Serilog;

namespace PreDump.Commands;

/// <summary>`predump page-server`: receives the pages of pre-dumps and dumps, predump's or criu's.</summary>
internal static class PageServerCommand
{
    /// <summary>Runs it; returns the exit code.</summary>
    /// <param name="options">What the command line says.</param>
    /// <param name="arguments">The command line itself, for the daemon.</param>
    /// <param name="ignored">Options that make no difference here.</param>
    public static int Run(ServeOptions options, IReadOnlyList<string> arguments, IReadOnlyList<IgnoredOption> ignored)
    {
        // No signal ends us before what we made is removed.
        using var signals = new Signals($"incomplete rounds may be left in {options.ImagesDirectory}");
        if (options.IsDaemon)
            return Serve(options, listener: options.Socket is null ? Listening.Inherited() : null, signals, ignored);
        using var status = StatusDescriptor.Open(options.StatusFd);
        if (options.Socket is null && PassedConnection(options) is { } connection)
        {
            options = options with { Socket = connection };
            arguments = [.. arguments, $"{ConnectionOptions.PsSocket.Name}={connection}"];
        }
        using var listener = options.Socket is null ? Listening.Passed() ?? Listening.On(options.Address, options.Port) : null;
        PassedSockets.Forget();
        if (options.Daemon)
        {
            status.SetCloseOnExec();
            if (PageServerDaemon.Start(arguments, listener, out int pid) is var exitCode && exitCode != ExitCode.Done)
                return exitCode; // which it has explained
            Ready(options, listener, status, pid);
            return ExitCode.Done;
        }
        return Serve(options, listener, signals, ignored, () => Ready(options, listener, status, Environment.ProcessId));
    }

    // A service manager may have accepted the connection itself (Accept=yes), and starts one of us for each.
    private static int? PassedConnection(ServeOptions options)
    {
        if (PassedSockets.Count != 1 || !StreamSocket.IsConnected(PassedSockets.First))
            return null;
        return options.Rounds is null
            ? PassedSockets.First
            : throw new PreDumpException("the service manager passes a single connection, and so a single round: set Accept=no "
                + "in the socket unit, or leave --rounds and --forever out");
    }

    private static int Serve(ServeOptions options, Socket? listener, Signals signals, IReadOnlyList<IgnoredOption> ignored,
        Action? ready = null)
    {
        using var directory = RoundDirectory.Open(options.ImagesDirectory);
        WorkDirectory.RefuseMissing(options.WorkDirectory);
        if (!directory.TryLock())
            throw new PreDumpException($"another page server is using images directory {directory.Path}: use another directory",
                RoundInput.ImagesDirectory);
        var tls = Tls.Server(options.Tls, options.Address);
        int leftOvers = IncomingImages.RemoveLeftOvers(directory.Descriptor);
        var log = Output.Log.Open(options);
        using var logEnd = Output.Log.CloseAtEnd(log);
        var observer = new LogObserver(log);
        observer.Report(ignored);
        using IRounds rounds = Rounds(options, directory, observer, signals.Cancel);
        using var connected = options.Socket is { } fd ? InheritedSocket.Take(fd) : null;
        using var server = new Server(options.Request(), rounds, tls, result => Report(result, options, log), observer);
        if (options.IsDaemon)
            PageServerDaemon.Detach();
        else
            ready!();
        if (leftOvers > 0)
            log.Information("{Directories} directories of a page server that was killed were removed", leftOvers);
        using var stopping = signals.Cancel.Register(ServiceManager.Stopping);
        try
        {
            server.Run(listener, connected, signals.Cancel);
            ServiceManager.Stopping();
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (signals.Received is { } signal)
        {
            log.Information("ended by {Signal}: incomplete rounds are removed", signal);
            return ExitCode.OfSignal(signal.Number());
        }
        catch (PreDumpException e)
        {
            ServiceManager.Stopping();
            log.Error("{Reason:l}", InputNames.TryExplain(e));
            return ExitCode.Failed;
        }
    }

    private static IRounds Rounds(
        ServeOptions options, RoundDirectory directory, LogObserver observer, CancellationToken cancel)
    {
        IRounds rounds = options.Rounds is null
            ? new SingleRound(directory, options.PrevImagesDirectory)
            : new NumberedRounds(directory.Descriptor, observer, options.Compares);
        return options.Forward is { } where
            ? new ForwardedRounds(rounds, first => PageServerClient.Connect(where, first, observer, cancel, options.Compares))
            : rounds;
    }

    private static void Ready(ServeOptions options, Socket? listener, StatusDescriptor status, int pid)
    {
        PidFile.Write(options.WorkDirectory, options.PidFile, pid);
        if (listener?.LocalEndPoint is { } address)
        {
            if (!options.Tls.Enabled && address is IPEndPoint ip && !IPAddress.IsLoopback(ip.Address) && !options.Quiet)
                Message.Warning($"listening on {address} without --tls: everyone who can reach this address can send images, "
                    + "and everyone between can read them");
            if (options.Json)
                RoundJson.PrintListening(address);
            else if (!options.Quiet || options.Port == 0) // no one else knows the port
                Console.Out.WriteLine($"listening on {address}");
            Console.Out.Flush();
        }
        status.Signal();
        ServiceManager.Ready(listener is null ? "connected" : $"listening on {listener.LocalEndPoint}", pid);
    }

    private static void Report(SessionResult result, ServeOptions options, ILogger log)
    {
        string line = RoundText.Of(result);
        log.Information("{Line:l}", line);
        ServiceManager.Status(line);
        if (options.IsDaemon) // its standard output is closed
            return;
        try
        {
            if (options.Json)
                RoundJson.Print(result);
            else if (!options.Quiet && !Output.Log.IsStandardOutput(options.LogFile))
                Console.Out.WriteLine(line);
        }
        catch (IOException e)
        {
            log.Warning("the images are complete, but standard output could not be written ({Reason:l})", e.Message);
        }
    }
}
