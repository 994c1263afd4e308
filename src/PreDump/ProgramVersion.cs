using System.Reflection;

namespace PreDump;

/// <summary>The version of this build.</summary>
internal static class ProgramVersion
{
    /// <summary>"0.1.0".</summary>
    public static string Text { get; } = typeof(ProgramVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>"predump 0.1.0", on standard output.</summary>
    public static void Print() => Console.Out.WriteLine($"predump {Text}");
}
