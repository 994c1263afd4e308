using System.Buffers.Binary;
using System.Text;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Engines;

/// <summary>What became of a round, for the engine that has asked for it.</summary>
/// <param name="Number">0, or the error number (errno(3)).</param>
/// <param name="Message">What failed, and what to do; empty for a success.</param>
internal sealed record RoundOutcome(int Number, string Message)
{
    /// <summary>A message has at most this many bytes: go-criu has room for 8 KiB in all.</summary>
    public const int MostOfMessage = 1000;

    /// <summary>The images are complete.</summary>
    public static readonly RoundOutcome Done = new(0, "");

    /// <summary>Whether the images are complete.</summary>
    public bool IsSuccess => Number == 0;

    /// <summary>A failure.</summary>
    /// <param name="e">The failure.</param>
    /// <param name="reason">What is said of it.</param>
    public static RoundOutcome Failed(Exception e, string reason) => new(NumberOf(e), Shortened(OneLine.Of(reason)));

    /// <summary>The bytes by which a round's process reports it.</summary>
    public byte[] Encode()
    {
        var text = Encoding.UTF8.GetBytes(Message);
        var bytes = new byte[sizeof(int) + text.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Number);
        text.CopyTo(bytes, sizeof(int));
        return bytes;
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; null: the process has ended without a report.</summary>
    public static RoundOutcome? Decode(ReadOnlySpan<byte> bytes) => bytes.Length < sizeof(int) ? null
        : new(BinaryPrimitives.ReadInt32LittleEndian(bytes), Encoding.UTF8.GetString(bytes[sizeof(int)..]));

    private static int NumberOf(Exception e) => e switch
    {
        KnownFailureException { Number: > 0 and var number } => number,
        LinuxException call => call.Errno,
        OperationCanceledException => Errno.EINTR,
        OutOfMemoryException => Errno.ENOMEM,
        KnownFailureException { About.Count: > 0 } => Errno.EINVAL,
        { InnerException: { } inner } => NumberOf(inner),
        _ => Errno.EIO,
    };

    /// <summary>A message that an engine has room for.</summary>
    public static string Shortened(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        const string Dots = "…";
        return bytes.Length <= MostOfMessage ? text
            : Encoding.UTF8.GetString(bytes, 0, MostOfMessage - 2 * Dots.Length * 3).TrimEnd('\uFFFD') + Dots;
    }
}
