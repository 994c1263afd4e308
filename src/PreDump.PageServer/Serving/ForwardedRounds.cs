using System.Runtime.InteropServices;
using PreDump.Images;
using PreDump.Linux;
using PreDump.PageServer.Client;
using PreDump.PageServer.Protocol;

namespace PreDump.PageServer.Serving;

/// <summary>Passes the images of sessions on to another page server; only the parents are local.</summary>
/// <param name="local">Finds the parents; owned.</param>
/// <param name="connect">Connects to the other server, whose first question is about an id.</param>
public sealed class ForwardedRounds(IRounds local, Func<PagesId, PageServerClient> connect) : IRounds
{
    /// <inheritdoc/>
    public long Moment() => local.Moment();

    /// <inheritdoc/>
    public IRound Begin(long connected) => new ForwardedRound(local.Begin(connected), connect);

    /// <inheritdoc/>
    public void Dispose() => local.Dispose();

    private sealed class ForwardedRound(IRound local, Func<PagesId, PageServerClient> connect) : IRound, IReceivedImages
    {
        private const int MostBytes = 1024 * 1024, MostEntries = 1024; // that are gathered

        private readonly List<PagemapEntry> _entries = [];
        private readonly byte[] _pages = new byte[MostBytes];
        private int _bytes;
        private PageServerClient? _server;

        public IReceivedImages Images => this;

        public ImageDirectory? ParentWith(string pagemap) => local.ParentWith(pagemap);

        public void Open(PagesId id) => (_server ??= connect(id)).Open(id);

        public void Add(PagemapEntry entry)
        {
            if (_entries.Count == MostEntries)
                Flush();
            _entries.Add(entry);
        }

        public void Write(ReadOnlySpan<byte> pages)
        {
            while (!pages.IsEmpty)
            {
                var part = pages[..Math.Min(pages.Length, MostBytes - _bytes)];
                part.CopyTo(_pages.AsSpan(_bytes));
                _bytes += part.Length;
                pages = pages[part.Length..];
                if (_bytes == MostBytes)
                    Flush();
            }
        }

        public void Close() => Flush();

        public FinishedRound Finish(bool hasHoles)
        {
            _server?.Close();
            return new FinishedRound(_server?.Name ?? "nowhere: no images came", null, null);
        }

        public void Dispose()
        {
            _server?.Dispose();
            local.Dispose();
        }

        // The last entry may have more pages than have come: what is left of it stays.
        private void Flush()
        {
            if (_entries.Count == 0)
                return;
            ulong bytes = 0;
            foreach (var entry in _entries)
                bytes += BytesIn(entry);
            var last = _entries[^1];
            ulong missing = bytes - (ulong)_bytes;
            if (missing > 0)
                _entries[^1] = last with { NrPages = last.NrPages - PageSize.Pages(missing) };
            if (_entries[^1].NrPages == 0)
                _entries.RemoveAt(_entries.Count - 1);
            _server!.Add(CollectionsMarshal.AsSpan(_entries), _pages.AsSpan(0, _bytes), PageSize.Bytes);
            (_bytes, ulong end) = (0, last.Vaddr + PageSize.BytesOf(last.NrPages));
            _entries.Clear();
            if (missing > 0)
                _entries.Add(last with { Vaddr = end - missing, NrPages = PageSize.Pages(missing) });
        }

        private static ulong BytesIn(PagemapEntry entry) =>
            entry.Flags.HasFlag(PageFlags.Present) ? PageSize.BytesOf(entry.NrPages) : 0;
    }
}
