using System.ComponentModel;
using System.Text;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>Messages to the user on standard error, one line each, in the form of the system's own tools.</summary>
internal static class Message
{
    /// <summary>"predump: error: …".</summary>
    public static void Error(string text) => Write("error", text);

    /// <summary>"predump: warning: …".</summary>
    public static void Warning(string text) => Write("warning", text);

    private static void Write(string kind, string text)
    {
        var line = $"predump: {kind}: {OneLine.Of(text)}\n";
        try
        {
            ProgressLine.Erase();
            Console.Error.Write(line);
        }
        catch (Win32Exception) // no more threads are allowed, and the console starts one
        {
            Fd.Adopt(2, "standard error").Write(Encoding.UTF8.GetBytes(line));
        }
        catch (IOException)
        {
            // Standard error is full or broken: only the exit code is left.
        }
    }
}
