using PreDump.Images;
using PreDump.PageServer.Protocol;

namespace PreDump.PageServer.Serving;

/// <summary>Takes the images of a session, one id after another. Used by the session's thread alone.</summary>
public interface IReceivedImages
{
    /// <summary>Begins the images of an id.</summary>
    /// <exception cref="Linux.LinuxException">EEXIST: it has images already.</exception>
    void Open(PagesId id);

    /// <summary>Adds an entry to the pagemap, in ascending order.</summary>
    void Add(PagemapEntry entry);

    /// <summary>Adds bytes to the pages: those of the entries that are present, in their order, after the entry.</summary>
    void Write(ReadOnlySpan<byte> pages);

    /// <summary>Ends the images of the id.</summary>
    void Close();
}
