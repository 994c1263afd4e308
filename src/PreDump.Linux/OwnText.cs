using System.Runtime.InteropServices;
using PreDump.Linux.Interop;

namespace PreDump.Linux;

/// <summary>The command line and the environment as bytes (<see cref="RawText"/>); the runtime replaces what is not UTF-8 by
/// U+FFFD. See proc_pid_cmdline(5) and environ(7).</summary>
public static unsafe class OwnText
{
    private const char Replaced = '\uFFFD';

    /// <summary>The command line, of which the runtime has made <paramref name="arguments"/>; the same if /proc is not
    /// there.</summary>
    public static string[] Arguments(string[] arguments)
    {
        if (!arguments.Any(argument => argument.Contains(Replaced)))
            return arguments;
        var all = CommandLine(); // the program, and perhaps a host and its options, stand before
        return all.Count >= arguments.Length ? [.. all.TakeLast(arguments.Length)] : arguments;
    }

    /// <summary>The name by which the program was called, argv[0].</summary>
    public static string Program => Environment.GetCommandLineArgs() is not [var name, ..] ? ""
        : name.Contains(Replaced) && CommandLine() is [var bytes, ..] ? bytes
        : name;

    /// <summary>A variable of the environment; null: it is not set.</summary>
    public static string? Variable(string name)
    {
        var value = Environment.GetEnvironmentVariable(name);
        if (value is null || !value.Contains(Replaced))
            return value;
        string start = name + "=";
        return Environ().First(variable => variable.StartsWith(start, StringComparison.Ordinal))[start.Length..];
    }

    /// <summary>Removes a variable from the environment, which programs that we start inherit. See unsetenv(3).</summary>
    internal static void RemoveVariable(string name)
    {
        Environment.SetEnvironmentVariable(name, null); // the runtime's own copy
        fixed (byte* text = RawText.Encode(name + '\0'))
            _ = LibCExtra.unsetenv(text);
    }

    /// <summary>All variables, as NAME=value.</summary>
    internal static IReadOnlyList<string> Environ()
    {
        var variables = new List<string>();
        byte** environ = *(byte***)NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "environ");
        for (byte** variable = environ; variable is not null && *variable is not null; variable++)
            variables.Add(RawText.Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(*variable)));
        return variables;
    }

    // Each word is followed by a zero.
    private static List<string> CommandLine()
    {
        var words = new List<string>();
        var rest = (ProcFs.TryRead("/proc/self/cmdline", text => text.ToArray()) ?? []).AsSpan();
        for (int zero; (zero = rest.IndexOf((byte)0)) >= 0; rest = rest[(zero + 1)..])
            words.Add(RawText.Decode(rest[..zero]));
        return words;
    }
}
