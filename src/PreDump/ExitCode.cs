namespace PreDump;

/// <summary>How predump ends.</summary>
internal static class ExitCode
{
    /// <summary>The images are whole.</summary>
    public const int Done = 0;

    /// <summary>There are no images; standard error says why.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Ended by a signal, as a shell reports it.</summary>
    public static int OfSignal(int signal) => 128 + signal;
}
