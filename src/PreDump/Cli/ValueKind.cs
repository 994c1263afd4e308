namespace PreDump.Cli;

/// <summary>What follows an option, as getopt_long(3) has it.</summary>
internal enum ValueKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A value, in the same word (--name=value, -nvalue) or in the next.</summary>
    Required,

    /// <summary>A value in the same word, or nothing: the next word is another one.</summary>
    Optional,
}
