namespace PreDump.Images;

/// <summary>What is wrong with images.</summary>
/// <param name="File">The file or directory.</param>
/// <param name="Vaddr">The first page's address; null where it is not about pages.</param>
/// <param name="What">What is wrong there.</param>
public readonly record struct ImageProblem(string File, ulong? Vaddr, string What)
{
    /// <summary>One line: the file, the address, what is wrong.</summary>
    public override string ToString() => $"{File}: {Where}{What}";

    internal string Where => Vaddr is { } vaddr ? $"at 0x{vaddr:x}: " : "";
}
