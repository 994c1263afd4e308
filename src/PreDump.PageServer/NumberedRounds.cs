using System.Globalization;
using PreDump.Core;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>Rounds in directories 1, 2, 3, … of the images directory. The protocol does not say whose pages a session sends, and
/// containers all have a pid 1, so which round is a session's parent is found out, and where there is the least doubt there is
/// none: the client then sends all its memory, which is slow but never wrong.
/// A tip is a round that no other was built upon. A session's parent is the only tip that has what it asks for, if that tip was
/// finished before the session's peer connected, and no session has had it for a parent yet, not even one that failed: what that one
/// was to bring is nowhere. All that is known is in the directories: their parent links, and a mark in a round that was given to a session.</summary>
public sealed class NumberedRounds : IRounds
{
    private readonly string _directory;
    private readonly Fd _fd;
    private readonly IObserver _observer;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, Finished> _tips = [];
    private int _last;
    private long _moment;

    /// <summary>Finds the rounds that are there.</summary>
    public NumberedRounds(string directory, IObserver observer)
    {
        (_directory, _observer) = (directory, observer);
        _fd = Fd.TryOpenDirectory(directory, out int error) ?? throw new LinuxException("open", directory, error);
        foreach (string path in Directory.GetDirectories(directory))
            if (NumberOf(Path.GetFileName(path)) is { } number)
            {
                _tips.Add(number, new Finished(number, path, Moment()));
                _last = Math.Max(_last, number);
            }
        foreach (var round in _tips.Values.ToList())
            if (ParentOf(round.Path) is { } parent)
                _tips.Remove(parent);
    }

    private sealed record Finished(int Number, string Path, long Moment);

    /// <inheritdoc/>
    public long Moment() => Interlocked.Increment(ref _moment);

    /// <inheritdoc/>
    public IRound Begin(long connected) => new Round(this, connected);

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();

    private static int? NumberOf(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number.ToString(CultureInfo.InvariantCulture) == name ? number : null;

    private static int? ParentOf(string round) =>
        new FileInfo(Path.Combine(round, ImageNames.Parent)).LinkTarget is ['.', '.', '/', .. var name] ? NumberOf(name) : null;

    private string PathOf(int number) => Path.Combine(_directory, number.ToString(CultureInfo.InvariantCulture));

    private Finished? Take(string pagemap, long connected, ref bool inDoubt)
    {
        lock (_lock)
        {
            var tips = _tips.Values.Where(tip => File.Exists(Path.Combine(tip.Path, pagemap))).ToList();
            if (tips is not [var tip])
            {
                inDoubt |= tips.Count > 1;
                if (tips.Count > 1)
                    _observer.Warn($"rounds {string.Join(", ", tips.Select(round => round.Number))} all have a {pagemap}, and nothing tells which of them "
                        + "is the parent: the client is asked for all its memory");
                return null;
            }
            string mark = Path.Combine(tip.Path, ImageNames.Child);
            if (tip.Moment > connected || File.Exists(mark))
            {
                inDoubt = true;
                _observer.Warn($"round {tip.Number} has a {pagemap}, but another session has had it for its parent: the client is asked for all its memory");
                return null;
            }
            using var taken = PrivateFile.CreateOrTruncate(mark);
            taken.Write("a session was told that this is its parent\n"u8);
            taken.Close();
            return tip;
        }
    }

    private Finished Add(IncomingImages images, Finished? parent)
    {
        lock (_lock)
        {
            int number = _last + 1;
            while (Path.Exists(PathOf(number))) // somebody else's, since we began
                number++;
            _fd.Rename(images.Name, number.ToString(CultureInfo.InvariantCulture));
            _last = number;
            var round = new Finished(number, PathOf(number), Moment());
            _tips.Add(number, round);
            if (parent is not null)
                _tips.Remove(parent.Number);
            return round;
        }
    }

    private sealed class Round(NumberedRounds rounds, long connected) : IRound
    {
        private Finished? _parent;
        private bool _inDoubt; // for good: the tree may be any

        public IncomingImages Images { get; } = IncomingImages.Create(rounds._directory);

        public string? ParentWith(string pagemap)
        {
            if (!_inDoubt)
                _parent ??= rounds.Take(pagemap, connected, ref _inDoubt);
            return _parent is not null && File.Exists(Path.Combine(_parent.Path, pagemap)) ? _parent.Path : null;
        }

        public FinishedRound Finish(bool hasHoles)
        {
            var parent = hasHoles ? _parent : null;
            if (parent is not null)
                Images.LinkParent($"../{parent.Number}");
            Images.Mark();
            var round = rounds.Add(Images, parent);
            return new FinishedRound(round.Path, round.Number, parent?.Path);
        }

        public void Dispose() => Images.Dispose();
    }
}
