using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Protocol;

/// <summary>How a client finds out that a server is one of ours: it asks whether the parent has some images (PARENT), with a
/// number of pages. CRIU does not look at that number and answers 0 or 1; ours answers with a number of its own. CRIU's client
/// sends none. The first such question is the one that finds out the length of messages (<see cref="LayoutProbe"/>), which
/// wants nothing; only a server that knows the mark is asked for more.</summary>
internal static class Negotiation
{
    private const uint Mark = 0x5044_0000; // above the features

    /// <summary>The question.</summary>
    /// <param name="id">What CRIU takes it to be about.</param>
    /// <param name="wishes">What the client wants.</param>
    /// <param name="retry">How long the server is to wait for a client whose connections have dropped.</param>
    public static PageServerMessage Question(PagesId id, Features wishes, TimeSpan retry = default) =>
        new(PageServerCommandCode.Parent, 0, Mark | (uint)wishes, (ulong)retry.TotalMilliseconds, id.DstId);

    /// <summary>The first message of one more connection of a round, which has to be of the shorter layout: only there is room
    /// for the token.</summary>
    public static PageServerMessage Join(StreamToken token) =>
        new(PageServerCommandCode.Parent, 0, Mark | (uint)Features.Join, token.Second, token.First);

    /// <summary>The token in such a message; null: it is none.</summary>
    public static StreamToken? TokenIn(PageServerMessage message) =>
        WishesIn(message) == Features.Join ? new StreamToken(message.DstId, message.Address) : null;

    /// <summary>How long a client whose connections have dropped is to be waited for: an hour at most.</summary>
    public static TimeSpan RetryIn(PageServerMessage message) =>
        TimeSpan.FromMilliseconds(Math.Min(message.Address, TimeSpan.MillisecondsPerHour));

    /// <summary>What is wanted; null: the message is no such question.</summary>
    public static Features? WishesIn(PageServerMessage message) => message.Command == PageServerCommandCode.Parent
        && message.Pages <= uint.MaxValue && (message.Pages & ~0xffffUL) == Mark ? (Features)(ushort)message.Pages : null;

    /// <summary>The server's answer.</summary>
    public static int Answer(Features granted) => (int)(Mark | (uint)granted);

    /// <summary>Whether an answer is that of one of ours.</summary>
    public static bool IsOurs(int answer) => ((uint)answer & 0xffff_0000) == Mark;

    /// <summary>What an answer grants of what was wanted; nothing: it is CRIU's, or that of an older one of ours.</summary>
    public static Features GrantedIn(int answer, Features wishes) =>
        IsOurs(answer) ? (Features)(ushort)answer & wishes : Features.None;
}
