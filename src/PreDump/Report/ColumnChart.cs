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
    private const double Width = 760, Height = 220, Left = 76, Right = 76, Top = 24, Bottom = 40;
    private const double Baseline = Height - Bottom, Room = Width - Left - Right;
    private const double WidestColumn = 56, WidthOfValue = 56, WidthOfName = 40, MostTimes = 5;

    /// <summary>The columns.</summary>
    public required IReadOnlyList<Column> Columns { get; init; }

    /// <summary>The chart in words.</summary>
    public required string Description { get; init; }

    /// <summary>Whether values are bytes, which have other round numbers.</summary>
    public bool IsBytes { get; init; }

    /// <summary>A horizontal line across all columns, and what is written next to it; null: none.</summary>
    public (double Value, string Label, string Figure)? Line { get; init; }

    private double Step => Room / Columns.Count;

    private double WidthOfColumn => Math.Min(WidestColumn, Step * 0.7);

    /// <summary>Draws it.</summary>
    public Html Draw()
    {
        var axis = Axis.For(HeightShown(), IsBytes);
        var svg = new Html().Add($"""
            <div class="scroll" role="group" aria-labelledby="{id}" tabindex="0">
            <svg class="chart" viewBox="0 0 {Width} {Height}" role="img" aria-labelledby="{id}-title"
            aria-describedby="{id}-desc">
            <title id="{id}-title">{title}</title><desc id="{id}-desc">{Description}</desc>
            """);
        foreach (double tick in axis.Ticks)
        {
            Across(svg, "grid", Y(tick, axis));
            svg.Add($"""<text class="axis" x="{Left - 8}" y="{Y(tick, axis) + 4:0.#}" text-anchor="end">{unit(tick)}</text>""");
        }
        double[] tops = [.. Columns.Select((_, i) => DrawColumn(svg, i, axis))];
        if (Line is { } line)
        {
            double y = Y(line.Value, axis);
            Across(svg, "limit", y);
            svg.Add($"""
                <text class="limit-label" x="{Width - Right + 8}" y="{y - 2:0.#}">{line.Label}</text>
                <text class="limit-label" x="{Width - Right + 8}" y="{y + 11:0.#}">{line.Figure}</text>
                """);
        }
        for (int i = 0; i < Columns.Count; i++)
            DrawLabels(svg, i, axis, tops[i]);
        return svg.Add($"""
            <text class="axis" x="{Left + Room / 2}" y="{Height - 4}" text-anchor="middle">Round</text></svg></div>
            """);
    }

    // One column that is many times as high as all others is cut off, or nothing could be seen of them.
    private double HeightShown()
    {
        double[] heights = [.. Columns.Select(column => column.Height).OrderDescending()];
        double others = Math.Max(heights.ElementAtOrDefault(1), Line?.Value ?? 0);
        return others > 0 ? Math.Min(Math.Max(heights[0], others), MostTimes * others) : heights[0];
    }

    // Returns where its top is.
    private double DrawColumn(Html svg, int index, Axis axis)
    {
        var column = Columns[index];
        double middle = Left + Step * (index + 0.5), width = WidthOfColumn, y = Baseline;
        foreach (var part in column.Parts.Where(part => part.Value > 0))
        {
            double height = Math.Max(part.Value / axis.Top * (Baseline - Top), 1.5); // never nothing for something
            height = Math.Min(height, y - Top);
            y -= height;
            svg.Add($"""
                <rect class="{part.Style}" x="{middle - width / 2:0.#}" y="{y:0.#}" width="{width:0.#}" height="{height:0.#}"/>
                """);
        }
        return y;
    }

    private void DrawLabels(Html svg, int index, Axis axis, double y)
    {
        var column = Columns[index];
        double middle = Left + Step * (index + 0.5), width = WidthOfColumn;
        bool isCut = column.Height > axis.Top;
        if (isCut)
            svg.Add($"""
                <path class="cut" d="M{middle - width / 2 - 4:0.#} {Top + 20}l{width + 8:0.#} -8m0 6l{-width - 8:0.#} 8"/>
                """);
        double label = y - 6;
        if (Line is { } line && Y(line.Value, axis) is var across && across > label - 14 && across < label + 6)
            label = across - 5; // the line would cross it out
        if (Step >= WidthOfValue || isCut)
            svg.Add($"""<text class="value" x="{middle:0.#}" y="{label:0.#}" text-anchor="middle">{column.Label}</text>""");
        if (index % (int)Math.Ceiling(WidthOfName / Step) == 0)
            svg.Add($"""<text class="axis" x="{middle:0.#}" y="{Baseline + 16}" text-anchor="middle">{column.Name}</text>""");
    }

    private static void Across(Html svg, string style, double y) =>
        svg.Add($"""<line class="{style}" x1="{Left}" x2="{Width - Right}" y1="{y:0.#}" y2="{y:0.#}"/>""");

    private static double Y(double value, Axis axis) => Baseline - value / axis.Top * (Baseline - Top);
}
