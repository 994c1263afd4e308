using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Tests.Support;

/// <summary>Frame ledgers made by hand.</summary>
internal static class Ledgers
{
    /// <summary>Writes one into a directory, replacing an existing one.</summary>
    public static void Write(string directory, FrameLedgerHead head, Action<FrameLedgerWriter> tasks)
    {
        File.Delete(Path.Combine(directory, ImageNames.Frames));
        using var folder = DirectoryFd.Open(directory);
        using var ledger = new FrameLedgerWriter(folder.CreatePrivate(ImageNames.Frames));
        ledger.Begin(head);
        tasks(ledger);
        ledger.Complete();
    }

    /// <summary>Writes one task.</summary>
    public static void Task(FrameLedgerWriter ledger, int imagePid, ulong startTime,
        params IEnumerable<(ulong Address, ulong[] Frames)> runs)
    {
        ledger.BeginTask(imagePid, startTime);
        foreach (var (address, frames) in runs)
            ledger.Add(address, frames);
        ledger.EndTask();
    }

    /// <summary>Adds a run of very many pages with ascending frames.</summary>
    public static void Ascending(FrameLedgerWriter ledger, ulong address, ulong pages)
    {
        var frames = new ulong[1 << 16];
        for (ulong done = 0; done < pages; done += (ulong)frames.Length)
        {
            for (int i = 0; i < frames.Length; i++)
                frames[i] = 1 + done + (ulong)i;
            ledger.Add(address + PageSize.BytesOf(done), frames);
        }
    }
}
