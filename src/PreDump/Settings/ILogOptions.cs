namespace PreDump.Settings;

/// <summary>What a command line says of the log; CRIU's names and meanings.</summary>
internal interface ILogOptions
{
    /// <summary>Where the log and the pid file go.</summary>
    string WorkDirectory { get; }

    /// <summary>The log file, in the work directory; null for standard error, "-" for standard output.</summary>
    string? LogFile { get; }

    /// <summary>0 and 1: errors, 2: warnings, 3: information, 4: debug.</summary>
    int Verbosity { get; }

    /// <summary>Whether progress, summary and warnings are left out.</summary>
    bool Quiet { get; }

    /// <summary>Whether the log file's lines name their kind as criu's do ("Error (predump)"): engines look for that.</summary>
    bool CalledAsCriu { get; }
}
