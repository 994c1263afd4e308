using CsCheck;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Images;

/// <summary>A frame ledger is read as it was written, and a damaged one is refused.</summary>
public sealed class FrameLedgerTests
{
    private static readonly ulong s_page = PageSize.Step;
    private static readonly FrameLedgerHead s_head = new(1234567, Guid.Parse("01234567-89ab-cdef-0123-456789abcdef"), 42);

    // Runs of a task: the gap before, the frames; some ascend, some are unknown.
    private static readonly Gen<(int Gap, ulong[] Frames)[]> s_runs = Gen.Select(
        Gen.Frequency((3, Gen.Int[0, 3]), (1, Gen.Int[4, 3000])),
        Gen.OneOf(
            Gen.ULong[0, 5].Array[1, 40],
            Gen.Select(Gen.ULong[1, 1UL << 40], Gen.Int[1, 3000])
                .Select((first, count) => Enumerable.Range(0, count).Select(i => first + (ulong)i).ToArray()),
            Gen.ULong[1, (1UL << 62) - 1].Array[1, 1500])).Array[0, 12];

    [Fact]
    public void Every_frame_in_a_ledger_is_read_as_it_was_written_and_all_others_are_unknown() =>
        Gen.Select(s_runs.Array[0, 4], Gen.Int[1, 5000]).Sample((tasks, step) =>
        {
            using var directory = new Scratch();
            var frames = tasks.Select(Place).ToList();
            WriteAll(directory, frames);

            using var ledger = Opened.Ledger(directory.Path)!;

            Assert.Equal(s_head, ledger.Head);
            Assert.Equal(Enumerable.Range(1, tasks.Length), ledger.Tasks.Keys);
            for (int task = tasks.Length - 1; task >= 0; task--) // not in the order of the file
            {
                Assert.Null(ledger.OpenTask(task + 1, startTime: 7));
                var read = ledger.OpenTask(task + 1, startTime: (ulong)task + 100)!;
                var model = frames[task]
                    .SelectMany(run => run.Frames.Select((frame, i) => (Page: (run.Address / s_page) + (ulong)i, frame)))
                    .ToDictionary(page => page.Page, page => page.frame);
                ulong pages = model.Count == 0 ? 10 : model.Keys.Max() + 10;
                var answer = new ulong[step];
                for (ulong at = 0; at < pages; at += (ulong)step)
                {
                    read.Read(at * s_page, answer);
                    for (int i = 0; i < step; i++)
                        Assert.Equal(model.GetValueOrDefault(at + (ulong)i, PageFrames.None), answer[i]);
                }
            }
        }, iter: 100);

    [Fact]
    public void A_page_takes_8_bytes_of_a_ledger_and_pages_of_a_huge_page_hardly_any()
    {
        using var directory = new Scratch();
        const int Pages = 512 * 64;
        var scattered = Enumerable.Range(0, Pages).Select(i => (ulong)((i * 7919 % Pages) + 1)).ToArray();
        WriteAll(directory, [[(s_page, scattered)]]);
        Assert.InRange(new FileInfo(Path.Combine(directory.Path, ImageNames.Frames)).Length, 8 * Pages, 8.2 * Pages);
        WriteAll(directory, [[.. Enumerable.Range(0, 64).Select(huge =>
            ((ulong)(huge * 512) * s_page,
                Enumerable.Range(0, 512).Select(i => (ulong)((9000 - (huge * 1024)) + 1_000_000 + i)).ToArray()))]]);
        Assert.InRange(new FileInfo(Path.Combine(directory.Path, ImageNames.Frames)).Length, 0, 64 * 24 + 200);
    }

    [Fact]
    public void A_ledger_of_which_one_bit_is_another_or_that_is_cut_or_longer_is_refused()
    {
        using var directory = new Scratch();
        WriteAll(directory, [[(s_page, [5, 6, 7, 8, 9, 3])], [(9 * s_page, [4])]]);
        string path = Path.Combine(directory.Path, ImageNames.Frames);
        var whole = File.ReadAllBytes(path);
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Refused(damaged);
        }
        for (int length = 0; length < whole.Length; length++)
            Refused(whole[..length]);
        for (int more = 1; more < 20; more++)
            Refused([.. whole, .. new byte[more]]);

        void Refused(byte[] bytes)
        {
            File.WriteAllBytes(path, bytes);
            Assert.Throws<ImageException>(() => Opened.Ledger(directory.Path));
        }
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_ledger_that_others_may_write_is_not_believed(UnixFileMode write)
    {
        using var directory = new Scratch();
        WriteAll(directory, [[(s_page, [5])]]);
        string path = Path.Combine(directory.Path, ImageNames.Frames);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | write);
        Assert.Contains("may write it", Assert.Throws<ImageException>(() => Opened.Ledger(directory.Path)).Message);
    }

    [Fact]
    public void Where_there_is_no_ledger_none_is_opened()
    {
        using var directory = new Scratch();
        Assert.Null(Opened.Ledger(directory.Path));
    }

    private static List<(ulong Address, ulong[] Frames)> Place((int Gap, ulong[] Frames)[] runs)
    {
        var placed = new List<(ulong, ulong[])>();
        ulong page = 0;
        foreach (var (gap, frames) in runs)
        {
            page += (ulong)gap;
            placed.Add((page * s_page, frames));
            page += (ulong)frames.Length;
        }
        return placed;
    }

    private static void WriteAll(Scratch directory, IReadOnlyList<List<(ulong Address, ulong[] Frames)>> tasks) =>
        Ledgers.Write(directory.Path, s_head, ledger =>
        {
            for (int task = 0; task < tasks.Count; task++)
                Ledgers.Task(ledger, task + 1, startTime: (ulong)task + 100, tasks[task]);
        });
}
