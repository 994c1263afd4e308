namespace PreDump.Report;

/// <summary>How the page looks, by day, by night and on paper.</summary>
internal static class ReportStyle
{
    /// <summary>The style sheet. The page names its hash as the only style that may apply.</summary>
    public const string Sheet = """
        :root { --ground: #fff; --text: #1c2128; --quiet: #57606a; --line: #d5dbe1; --mark: #2f6fbf; --mark-2: #dbe3ec;
          --mark-2-edge: #7c8a99; --same: #9db8d9; --same-edge: #5f7fa8; --measured: #1c2128; --limit: #b3261e;
          --h1: #e6effa; --h2: #c3daf3; --h3: #8fbbe8; --h4: #2f6fbf; --h5: #123c73; --light: #fff; --first: #e4e6e9 }
        @media (prefers-color-scheme: dark) {
          :root { --ground: #14181d; --text: #e3e7ec; --quiet: #9aa5b1; --line: #313942; --mark: #6aa5ea; --mark-2: #2b343e;
            --mark-2-edge: #7c8a99; --same: #34557d; --same-edge: #7fa3d1; --measured: #e3e7ec; --limit: #ff8a80;
            --h1: #1b2a3c; --h2: #1f3d63; --h3: #275a99; --h4: #6aa5ea; --h5: #cfe3fb; --light: #0d1116; --first: #2c3138 } }
        * { box-sizing: border-box }
        body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, "Liberation Sans", sans-serif }
        main { max-width: 1080px; margin: 0 auto; padding: 24px 24px 64px }
        h1 { font-size: 24px; line-height: 1.25; margin: 0 0 8px }
        h2 { font-size: 18px; margin: 40px 0 4px }
        h3 { font-size: 16px; margin: 24px 0 4px }
        p { margin: 4px 0 12px; max-width: 70ch }
        .verdict { font-size: 18px }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 16px 0; font-size: 14px }
        dt { color: var(--quiet) }
        dd { margin: 0; overflow-wrap: anywhere }
        .legend { color: var(--quiet); font-size: 14px; max-width: none }
        .key { width: 12px; height: 12px; margin: 0 4px -1px 0 }
        .key:not(:first-child) { margin-left: 16px }
        .scroll { overflow-x: auto }
        .chart { display: block; width: 100%; min-width: 640px; max-width: 1032px }
        .chart text { font-size: 11px; fill: var(--quiet) }
        .chart .value, .chart .limit-label { fill: var(--text); paint-order: stroke; stroke: var(--ground); stroke-width: 3px }
        .chart .limit-label { fill: var(--limit) }
        .grid { stroke: var(--line) }
        .limit { stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 6 4 }
        .cut { stroke: var(--ground); stroke-width: 3; fill: none }
        .written { fill: var(--mark) }
        .parent { fill: var(--mark-2); stroke: var(--mark-2-edge); stroke-width: .5 }
        .unchanged { fill: var(--same); stroke: var(--same-edge); stroke-width: .5 }
        .measured { fill: var(--measured) }
        table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums }
        th, td { padding: 4px 10px; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top }
        thead th { color: var(--quiet); font-weight: 500; vertical-align: bottom }
        tbody th { font-weight: 400; white-space: nowrap }
        .n { text-align: right; white-space: nowrap }
        th.n { white-space: normal }
        .address { font-family: ui-monospace, "Liberation Mono", monospace; font-size: 12px; white-space: nowrap }
        code { font-family: ui-monospace, "Liberation Mono", monospace }
        .bars { width: 240px; min-width: 120px }
        .bar { display: block; width: 100%; height: 12px; margin-top: 4px }
        .map { font-size: 13px }
        .map th, .map td { padding: 1px 8px }
        .map td { border-bottom-color: var(--ground) }
        .map th.cell, .map td:not(.n, .name) { min-width: 40px; padding: 1px 4px; text-align: center; color: var(--quiet) }
        .legend .cell { display: inline-block; min-width: 32px; padding: 0 4px; text-align: center; margin-left: 8px }
        .map td.h1, .map td.h2, .map td.h3, .legend .h1, .legend .h2, .legend .h3 { color: var(--text) }
        .map td.h4, .map td.h5, .legend .h4, .legend .h5 { color: var(--light) }
        .map td.first, .legend .first { background: var(--first); color: var(--quiet) }
        .h1 { background: var(--h1) } .h2 { background: var(--h2) } .h3 { background: var(--h3) }
        .h4 { background: var(--h4) } .h5 { background: var(--h5) }
        @media print { main { max-width: none; padding: 0 } section { break-inside: avoid-page } .scroll { overflow: visible }
          * { print-color-adjust: exact } }
        """;
}
