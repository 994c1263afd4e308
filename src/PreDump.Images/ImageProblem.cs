namespace PreDump.Images;

/// <summary>A problem found in images.</summary>
/// <param name="File">The path of the file or directory.</param>
/// <param name="Vaddr">The first affected page's address; null if the problem is not about pages.</param>
/// <param name="What">What is wrong.</param>
public readonly record struct ImageProblem(string File, ulong? Vaddr, string What)
{
    /// <summary>One line: the file, the address if there is one, and what is wrong.</summary>
    public override string ToString() => $"{File}: {Where}{What}";

    internal string Where => Vaddr is { } vaddr ? $"at 0x{vaddr:x}: " : "";
}
