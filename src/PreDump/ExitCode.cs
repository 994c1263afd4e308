namespace PreDump;

/// <summary>How predump ends.</summary>
internal static class ExitCode
{
    /// <summary>Done: the images are complete.</summary>
    public const int Done = 0;

    /// <summary>Failed: there are no images, and standard error says why.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A series of rounds ended because more of them would not help; its images are complete.</summary>
    public const int NotConverging = 3;

    /// <summary>Ended by a signal, as a shell reports it.</summary>
    public static int OfSignal(int signal) => 128 + signal;
}
