using System.Globalization;
using System.Net;
using System.Text;
using PreDump.Core;

namespace PreDump.Report;

/// <summary>Text for an HTML page. Markup has its values escaped: names of files and mappings may
/// hold anything.</summary>
internal sealed class Html
{
    private const int MaxName = 160;

    private readonly StringBuilder _text = new();

    /// <summary>Adds markup and a line feed; each value in it is escaped, unless it is <see cref="Html"/> itself.</summary>
    public Html Add(FormattableString markup)
    {
        object?[] values = [.. markup.GetArguments().Select(object? (value) => value switch
        {
            Html html => html.ToString(),
            IFormattable number => number, // formatted as its hole says; none of them needs escaping
            null => "",
            _ => Escaped(value.ToString()!),
        })];
        _text.AppendFormat(CultureInfo.InvariantCulture, markup.Format, values).Append('\n');
        return this;
    }

    /// <summary>Adds other markup.</summary>
    public Html Add(Html other)
    {
        _text.Append(other._text);
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    /// <summary>A name of a file or a mapping, kept apart from the text around it whatever its direction, and not longer than a
    /// line.</summary>
    public static Html Name(string name)
    {
        var line = OneLine.Of(name);
        return new Html().Raw("<bdi>" + Escaped(line.Length <= MaxName ? line
            : $"{line[..(MaxName / 2)]}…{line[^(MaxName / 2)..]}") + "</bdi>");
    }

    private Html Raw(string markup)
    {
        _text.Append(markup);
        return this;
    }

    // What is no text (half a surrogate pair) becomes U+FFFD.
    private static string Escaped(string text) => WebUtility.HtmlEncode(OneLine.Of(text));
}
