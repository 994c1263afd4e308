namespace PreDump.Linux;

/// <summary>The inputs that a <see cref="TreeException"/> may be about.</summary>
public static class TreeInput
{
    /// <summary>The pid of the tree's root.</summary>
    public static readonly Input Root = new(nameof(Root));

    /// <summary>The directory of the freezer cgroup.</summary>
    public static readonly Input FreezerCgroup = new(nameof(FreezerCgroup));

    /// <summary>How long the tree may take to stop.</summary>
    public static readonly Input Timeout = new(nameof(Timeout));
}
