using System.Buffers.Binary;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Protocol;

/// <summary>A client's messages to a page server, and the server's answers.</summary>
internal static class PeerMessages
{
    /// <summary>Sends a message.</summary>
    public static void Send(this Peer peer, PageServerMessage message, MessageLayout layout)
    {
        Span<byte> bytes = stackalloc byte[PageServerMessage.MaxBytes];
        peer.Send(bytes[..message.Write(bytes, layout)]);
    }

    /// <summary>Waits for an answer, an int32.</summary>
    /// <exception cref="PeerException">The server hung up, or was silent for too long.</exception>
    public static int ReadAnswer(this Peer peer)
    {
        Span<byte> answer = stackalloc byte[sizeof(int)];
        peer.ReadAnswer(answer);
        return BinaryPrimitives.ReadInt32LittleEndian(answer);
    }
}
