using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>A task's pages as the parent's chain holds them, for comparing: opened when the first one is asked for. If one can't
/// be found or read there, that is no failure: a page that is not compared is copied.</summary>
/// <param name="whose">Whose they are, for the log.</param>
/// <param name="open">Opens the pages; returns null where there are none.</param>
/// <param name="payoff">Whether comparing dirty pages pays; several tasks may share one; null: dirty pages are not
/// compared.</param>
/// <param name="observer">Notified of why comparing ended.</param>
public sealed class ParentPages(string whose, Func<ChainedPages?> open, Payoff? payoff, IObserver observer) : IDisposable
{
    /// <summary>Whether all pages are compared, those of the vdso, too.</summary>
    public bool TakesAll => ReferenceEquals(payoff, Payoff.Always);

    private ChainedPages? _chain;
    private bool _isOpen;
    private volatile bool _hasEnded;

    /// <summary>Where the bytes of pages are that may be compared. Asked in ascending order, by one thread at a time.</summary>
    /// <param name="pages">The pages.</param>
    /// <param name="suspect">They looked clean: compared whether it pays or not.</param>
    /// <param name="source">Where the first ones are; without a round where they are not to be compared.</param>
    /// <returns>The number of bytes that the answer is for.</returns>
    public ulong Locate(MemoryRange pages, bool suspect, out PageSource source)
    {
        source = default;
        if (_hasEnded || (!suspect && payoff?.Wants(pages.Length) != true))
            return pages.Length;
        try
        {
            if (!_isOpen)
                (_chain, _isOpen) = (open(), true);
            return _chain is null ? pages.Length
                : PageSize.BytesOf(_chain.Locate(pages.Start, PageSize.Pages(pages.Length), out source));
        }
        catch (Exception e) when (Failure.TryExplain(e) is { } reason)
        {
            End(reason);
            return pages.Length;
        }
    }

    /// <summary>Reads bytes of the parent's; false where they can't be read. From several threads.</summary>
    public bool TryRead(PageSource source, Span<byte> to)
    {
        if (_hasEnded)
            return false;
        try
        {
            source.Round!.Read(source.Offset, to);
            return true;
        }
        catch (Exception e) when (Failure.TryExplain(e) is { } reason)
        {
            End(reason);
            return false;
        }
    }

    /// <summary>Notes how many dirty bytes were compared, and how many of them were the same.</summary>
    public void Note(ulong compared, ulong same) => payoff?.Note(compared, same);

    /// <inheritdoc/>
    public void Dispose() => _chain?.Dispose();

    // For good: what fails once would fail at every page.
    private void End(string reason)
    {
        if (!_hasEnded)
            observer.Detail($"{whose}: the pages are no longer compared with the parent's: {reason}");
        _hasEnded = true;
    }
}
