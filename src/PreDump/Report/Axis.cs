namespace PreDump.Report;

/// <summary>A vertical axis from 0.</summary>
/// <param name="Top">The value at the top.</param>
/// <param name="Ticks">The values that have a line: 0 and at most five more.</param>
internal sealed record Axis(double Top, IReadOnlyList<double> Ticks)
{
    /// <summary>The axis for values up to this one. Steps are 1, 2 or 5 times a power of ten; of bytes, powers of two.</summary>
    public static Axis For(double largest, bool isBytes = false)
    {
        double rough = Math.Max(largest, 1e-9) / 4;
        double unit = isBytes ? Math.Pow(1024, Math.Floor(Math.Log(Math.Max(rough, 1), 1024))) : 1;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough / unit)));
        double step = unit * power * (rough / unit / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 };
        int steps = Math.Max(1, (int)Math.Ceiling(largest / step - 1e-9));
        return new Axis(steps * step, [.. Enumerable.Range(0, steps + 1).Select(i => i * step)]);
    }
}
