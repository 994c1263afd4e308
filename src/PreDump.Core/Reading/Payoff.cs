namespace PreDump.Core.Reading;

/// <summary>Whether it pays to compare dirty pages with the parent's, by what comparing found so far: if few pages turn out
/// unchanged it pauses, longer each time, and is tried again. For any thread.</summary>
public sealed class Payoff
{
    // A quarter: to compare takes 0.25 to 0.5 of the time that writing into the page cache does, and what is not written spares
    // room, too.
    private const ulong LeastShare = 4;

    // Where nothing is the same a fifth is compared at first, and soon a sixtieth: about 1 % of a round.
    private const ulong Trial = 4 * 1024 * 1024, LeastPause = 16 * 1024 * 1024, LongestPause = 256 * 1024 * 1024; // bytes

    /// <summary>For those that have to compare whether it pays or not.</summary>
    public static readonly Payoff Always = new(isAlways: true);

    private readonly bool _isAlways;
    private readonly Lock _counting = new();
    private ulong _compared, _same, _left;
    private ulong _pause = LeastPause;

    /// <summary>Begins with comparing.</summary>
    public Payoff()
    {
    }

    private Payoff(bool isAlways) => _isAlways = isAlways;

    /// <summary>Whether these bytes, the next ones, are to be compared.</summary>
    public bool Wants(ulong bytes)
    {
        if (_isAlways)
            return true;
        lock (_counting)
        {
            if (_left == 0)
                return true;
            _left -= Math.Min(_left, bytes);
            return false;
        }
    }

    /// <summary>Notes what comparing found.</summary>
    public void Note(ulong compared, ulong same)
    {
        if (_isAlways)
            return;
        lock (_counting)
        {
            _compared += compared;
            _same += same;
            if (_compared < Trial)
                return;
            bool pays = _same * LeastShare >= _compared;
            (_left, _pause) = pays ? (0, LeastPause) : (_pause, Math.Min(2 * _pause, LongestPause));
            (_compared, _same) = (0, 0);
        }
    }
}
