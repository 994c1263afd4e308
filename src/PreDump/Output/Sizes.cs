namespace PreDump.Output;

/// <summary>Figures for people.</summary>
internal static class Sizes
{
    /// <summary>"1.2 GiB".</summary>
    public static string Bytes(double bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        int unit = 0;
        for (; bytes >= 1024 && unit < units.Length - 1; unit++)
            bytes /= 1024;
        return unit == 0 ? $"{bytes:0} B" : $"{bytes:0.0} {units[unit]}";
    }

    /// <summary>"1 page", "7 pages".</summary>
    public static string Count<T>(T number, string what) where T : System.Numerics.INumber<T> =>
        number == T.One ? $"1 {what}" : $"{number} {what}s";

    /// <summary>"312 us", "4.1 ms" or "2.35 s".</summary>
    public static string Time(TimeSpan time) => time.TotalMilliseconds switch
    {
        < 1 => $"{time.TotalMicroseconds:0} us",
        < 1000 => $"{time.TotalMilliseconds:0.0} ms",
        _ => $"{time.TotalSeconds:0.00} s",
    };
}
