namespace PreDump.Report;

/// <summary>A part of a column.</summary>
/// <param name="Style">A class of the style sheet.</param>
/// <param name="Value">Its height, in the chart's unit.</param>
internal readonly record struct ColumnPart(string Style, double Value);

/// <summary>A column: its parts from the bottom up, and what is written above it.</summary>
internal sealed record Column(string Name, ColumnPart[] Parts, string Label)
{
    /// <summary>The whole height.</summary>
    public double Height => Parts.Sum(part => part.Value);
}

/// <summary>A chart with a column for each round, in SVG. All charts of a page have their columns at the same places.</summary>
/// <param name="id">Unique in the page.</param>
/// <param name="title">What it shows, for people who can't see it.</param>
/// <param name="unit">Writes a value at the axis.</param>
internal sealed class ColumnChart(string id, string title, Func<double, string> unit)
{
    private const double Width = 760, Height = 220, Left = 76, Right = 12, Top = 24, Bottom = 40;
    private const double Baseline = Height - Bottom, Room = Width - Left - Right;
    private const double WidestColumn = 56, WidthOfValue = 56, WidthOfName = 40;

    /// <summary>The columns.</summary>
    public required IReadOnlyList<Column> Columns { get; init; }

    /// <summary>The chart in words.</summary>
    public required string Description { get; init; }

    /// <summary>Whether values are bytes, which have other round numbers.</summary>
    public bool IsBytes { get; init; }

    /// <summary>A horizontal line across all columns, and its label; null: none.</summary>
    public (double Value, string Label)? Line { get; init; }

    private double Step => Room / Columns.Count;

    /// <summary>Draws it.</summary>
    public Html Draw()
    {
        var axis = Axis.For(Math.Max(Columns.Max(column => column.Height), Line?.Value ?? 0), IsBytes);
        var svg = new Html().Add($"""
            <div class="scroll"><svg class="chart" viewBox="0 0 {Width} {Height}" role="img" aria-labelledby="{id}-title {id}-desc">
            <title id="{id}-title">{title}</title><desc id="{id}-desc">{Description}</desc>
            """);
        foreach (double tick in axis.Ticks)
            svg.Add($"""
                <line class="grid" x1="{Left}" x2="{Width - Right}" y1="{Y(tick, axis):0.#}" y2="{Y(tick, axis):0.#}"/>
                <text class="axis" x="{Left - 8}" y="{Y(tick, axis) + 4:0.#}" text-anchor="end">{unit(tick)}</text>
                """);
        for (int i = 0; i < Columns.Count; i++)
            DrawColumn(svg, i, axis);
        if (Line is { } line)
            svg.Add($"""
                <line class="limit" x1="{Left}" x2="{Width - Right}" y1="{Y(line.Value, axis):0.#}" y2="{Y(line.Value, axis):0.#}"/>
                <text class="limit-label" x="{Width - Right}" y="{Y(line.Value, axis) - 6:0.#}" text-anchor="end">{line.Label}</text>
                """);
        return svg.Add($"""<text class="axis" x="{Left + Room / 2}" y="{Height - 4}" text-anchor="middle">Round</text></svg></div>""");
    }

    private void DrawColumn(Html svg, int index, Axis axis)
    {
        var column = Columns[index];
        double middle = Left + Step * (index + 0.5), width = Math.Min(WidestColumn, Step * 0.7), y = Baseline;
        foreach (var part in column.Parts.Where(part => part.Value > 0))
        {
            double height = Math.Max(part.Value / axis.Top * (Baseline - Top), 1.5); // never nothing for something
            y -= height;
            svg.Add($"""
                <rect class="{part.Style}" x="{middle - width / 2:0.#}" y="{y:0.#}" width="{width:0.#}" height="{height:0.#}"/>
                """);
        }
        if (Step >= WidthOfValue)
            svg.Add($"""<text class="value" x="{middle:0.#}" y="{y - 6:0.#}" text-anchor="middle">{column.Label}</text>""");
        if (index % (int)Math.Ceiling(WidthOfName / Step) == 0)
            svg.Add($"""<text class="axis" x="{middle:0.#}" y="{Baseline + 16}" text-anchor="middle">{column.Name}</text>""");
    }

    private static double Y(double value, Axis axis) => Baseline - value / axis.Top * (Baseline - Top);
}
