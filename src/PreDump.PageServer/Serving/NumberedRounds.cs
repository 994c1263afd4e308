using System.Globalization;
using PreDump.Core;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.PageServer.Serving;

/// <summary>Rounds in directories 1, 2, 3, … of the images directory. The protocol does not say whose pages a session sends, and
/// every container has a pid 1, so the server has to work out which round is a session's parent. If there is any doubt it has
/// none: the client then sends all its memory, which is slow but never wrong.
/// <para>A tip is a round that no other round was built on. A session's parent is the only tip that has what it asks for, if that
/// tip was complete before the client connected, and was no session's parent before, not even one's that failed: the pages which
/// that session did not deliver are nowhere. The directories alone say all this: by their parent links, and by a mark in each
/// round that was a session's parent.</para>
/// Members may be called by any thread; one lock guards the tips.</summary>
public sealed class NumberedRounds : IRounds
{
    private readonly DirectoryFd _directory;
    private readonly IObserver _observer;
    private readonly bool _compares;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, Finished> _tips = [];
    private int _last;
    private long _moment;

    /// <summary>Finds the rounds that exist.</summary>
    /// <param name="directory">The images directory; not owned.</param>
    /// <param name="observer">Notified if a parent is in doubt.</param>
    /// <param name="compares">Whether what is received is compared with its parent: then any round may be a parent, and the
    /// latest one is.</param>
    public NumberedRounds(DirectoryFd directory, IObserver observer, bool compares = false)
    {
        (_directory, _observer, _compares) = (directory, observer, compares);
        foreach (string name in directory.Names())
            if (NumberOf(name) is { } number && directory.Has($"{name}/."))
            {
                _tips.Add(number, new Finished(number, Moment()));
                _last = Math.Max(_last, number);
            }
        foreach (int number in _tips.Keys.ToList())
            if (ParentOf(number) is { } parent)
                _tips.Remove(parent);
    }

    private sealed record Finished(int Number, long Moment);

    /// <inheritdoc/>
    public long Moment() => Interlocked.Increment(ref _moment);

    /// <inheritdoc/>
    public IRound Begin(long connected) => new Round(this, connected);

    /// <inheritdoc/>
    public void Dispose()
    {
        // The directory is the caller's.
    }

    private static int? NumberOf(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && NameOf(number) == name
            ? number
            : null;

    private int? ParentOf(int number) =>
        _directory.ReadLink(Of(number, ImageNames.Parent)) is ['.', '.', '/', .. var name] ? NumberOf(name) : null;

    private static string NameOf(int number) => number.ToString(CultureInfo.InvariantCulture);

    // A file of a round, from our directory.
    private static string Of(int number, string file) => $"{NameOf(number)}/{file}";

    private Finished? Take(string pagemap, long connected, ref bool inDoubt)
    {
        lock (_lock)
        {
            var tips = _tips.Values.Where(tip => _directory.Has(Of(tip.Number, pagemap))).ToList();
            if (_compares)
                return tips.LastOrDefault();
            if (tips is not [var tip])
            {
                inDoubt |= tips.Count > 1;
                if (tips.Count > 1)
                    _observer.Warn($"rounds {string.Join(", ", tips.Select(round => round.Number))} all have a {pagemap}, and it "
                        + "is not known which of them is the parent: the client is asked for all its memory");
                return null;
            }
            string mark = Of(tip.Number, ImageNames.Child);
            if (tip.Moment > connected || _directory.HasEntry(mark))
            {
                inDoubt = true;
                _observer.Warn($"round {tip.Number} has a {pagemap}, but it was the parent of another session: the client is "
                    + "asked for all its memory");
                return null;
            }
            using var taken = _directory.CreatePrivate(mark);
            taken.Write("a session was told that this is its parent\n"u8);
            taken.Close();
            return tip;
        }
    }

    private ImageDirectory Open(Finished round)
    {
        var directory = _directory.TryOpenDirectory(NameOf(round.Number), out int error);
        return ImageDirectory.Adopt(directory ?? throw new LinuxException("open", PathOf(round.Number), error));
    }

    private string PathOf(int number) => _directory.PathOf(NameOf(number));

    private Finished Add(IncomingImages images, Finished? parent)
    {
        lock (_lock)
        {
            int number = _last + 1;
            while (_directory.HasEntry(NameOf(number))) // made by someone else since
                number++;
            _directory.Rename(images.Name, NameOf(number));
            _last = number;
            var round = new Finished(number, Moment());
            _tips.Add(number, round);
            if (parent is not null)
                _tips.Remove(parent.Number);
            return round;
        }
    }

    private sealed class Round(NumberedRounds rounds, long connected) : IRound
    {
        private Finished? _parent;
        private ImageDirectory? _parentImages;
        private bool _inDoubt; // for good: the tree may be any

        private readonly IncomingImages _images = IncomingImages.Create(rounds._directory);

        public IReceivedImages Images => _images;

        public ImageDirectory? ParentWith(string pagemap)
        {
            if (!_inDoubt && _parent is null && (_parent = rounds.Take(pagemap, connected, ref _inDoubt)) is { } parent)
                _parentImages = rounds.Open(parent);
            return _parentImages?.Has(pagemap) == true ? _parentImages : null;
        }

        public FinishedRound Finish(bool hasHoles)
        {
            var parent = hasHoles ? _parent : null;
            if (parent is not null)
                _images.LinkParent($"../{parent.Number}");
            _images.Mark();
            var round = rounds.Add(_images, parent);
            return new FinishedRound(rounds.PathOf(round.Number), round.Number,
                parent is null ? null : rounds.PathOf(parent.Number));
        }

        public void Dispose()
        {
            _images.Dispose();
            _parentImages?.Dispose();
        }
    }
}
