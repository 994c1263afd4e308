namespace PreDump.Linux;

/// <summary>The error numbers that callers decide by (errno(3)); the same on all of Linux's architectures.</summary>
public static class Errno
{
#pragma warning disable CS1591 // the names are the documentation
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int ESRCH = 3;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EFAULT = 14;
    public const int EEXIST = 17;
    public const int ENOTDIR = 20;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int EFBIG = 27;
    public const int ENOSPC = 28;
    public const int EROFS = 30;
    public const int EPIPE = 32;
    public const int ENOSYS = 38;
    public const int ELOOP = 40;
    public const int ECONNRESET = 104;
    public const int EDQUOT = 122;
#pragma warning restore CS1591
}
