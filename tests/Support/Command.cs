using System.Diagnostics;

namespace PreDump.Tests.Support;

/// <summary>The result of a command: exit code, standard output, standard error.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() => $"exit code {ExitCode}\n--- stdout\n{Output}\n--- stderr\n{Errors}";
}

/// <summary>Runs a command until it ends and captures its output.</summary>
internal static class Command
{
    public static async Task<CommandResult> Run(string file, IEnumerable<string> arguments, string? directory = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        using var running = await Start(file, arguments, directory, environment);
        var output = running.StandardOutput.ReadToEndAsync();
        var errors = running.StandardError.ReadToEndAsync();
        await running.WaitForExitAsync();
        return new CommandResult(running.ExitCode, await output, await errors);
    }

    /// <summary>The same for a command that must succeed.</summary>
    public static async Task<string> Must(string file, params string[] arguments)
    {
        var result = await Run(file, arguments);
        return result.ExitCode == 0
            ? result.Output
            : throw new InvalidOperationException($"{file} {string.Join(' ', arguments)}: {result}");
    }

    public static Task<Process> Start(string file, IEnumerable<string> arguments, string? directory = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = new ProcessStartInfo(file)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = directory ?? "",
        };
        foreach (var argument in arguments)
            info.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            info.Environment[name] = value;
        return Launcher.Start(info);
    }
}
