namespace PreDump.Output;

/// <summary>One-line messages to the user on standard error, in the form of the system's own tools.</summary>
internal static class Message
{
    /// <summary>"predump: error: …".</summary>
    public static void Error(string text) => Write("error", text);

    /// <summary>"predump: warning: …".</summary>
    public static void Warning(string text) => Write("warning", text);

    private static void Write(string kind, string text)
    {
        try
        {
            ProgressLine.Erase();
            Console.Error.WriteLine($"predump: {kind}: {OneLine.Of(text)}");
        }
        catch (IOException)
        {
            // Standard error is full or broken: the exit code alone has to tell.
        }
    }
}
