namespace PreDump.Linux;

/// <summary>What a <see cref="TreeException"/> may be about.</summary>
public static class TreeInput
{
    /// <summary>The pid of the tree's root.</summary>
    public static readonly Input Root = new(nameof(Root));

    /// <summary>The directory of the freezer cgroup.</summary>
    public static readonly Input FreezerCgroup = new(nameof(FreezerCgroup));

    /// <summary>How long freezing may take.</summary>
    public static readonly Input Timeout = new(nameof(Timeout));
}
