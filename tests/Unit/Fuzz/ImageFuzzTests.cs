using CsCheck;
using PreDump.Core;
using PreDump.Images;
using PreDump.Tests.Unit.Images;
using Xunit;

namespace PreDump.Tests.Unit.Fuzz;

/// <summary>Every reader of images, and verify and show, fed with damaged images.</summary>
public sealed class ImageFuzzTests
{
    private static readonly Type[] s_allowed = [typeof(ImageException)];

    private static readonly Gen<byte[]> s_pagemaps =
        Gen.Select(Gen.UInt, Generate.Entries(maxGap: 1000, maxPages: 1UL << 20), (id, entries) => Bytes.Pagemap(id, entries));

    private static readonly Gen<byte[]> s_inventories = Gen.Select(Gen.ULong, Gen.UInt, (uptime, mode) =>
    {
        var bytes = new byte[InventoryImage.MaxBytes];
        return bytes[..InventoryImage.Write(bytes, uptime, mode)];
    });

    private static readonly Gen<byte[]> s_statistics = Gen.Select(Gen.UInt, Gen.ULong, Gen.ULong, (time, pages, more) =>
    {
        var bytes = new byte[StatsImage.MaxBytes];
        return bytes[..StatsImage.Write(bytes,
            new DumpStats { FrozenMicroseconds = time, PagesWritten = pages, PagesScanned = more })];
    });

    [Fact]
    public void A_damaged_pagemap_is_refused_or_has_sound_entries() =>
        Fuzz.Feed(Fuzz.Damaged(s_pagemaps), input => AssertSound(Bytes.ReadPagemap(input)), s_allowed);

    [Fact]
    public void A_pagemap_that_is_read_can_be_written_and_read_again() => Fuzz.Feed(Fuzz.Damaged(s_pagemaps), input =>
    {
        var entries = Bytes.ReadPagemap(input);
        if (Array.TrueForAll(entries, entry => entry.NrPages <= uint.MaxValue))
            Assert.Equal(entries, Bytes.ReadPagemap(Bytes.Pagemap(1, entries)));
    }, s_allowed);

    [Fact]
    public void A_parents_pagemap_answers_what_its_entries_say() => Fuzz.Feed(Fuzz.Damaged(s_pagemaps), input =>
    {
        var entries = Bytes.ReadPagemap(input);
        using var parent = new ParentCoverage(new PagemapReader(new MemoryStream(input), "pagemap-1.img", Bytes.PageSize),
            Bytes.PageSize);
        foreach (var entry in entries.Where(entry => entry.NrPages < 1UL << 40))
            for (ulong done = 0, pages; done < entry.NrPages; done += pages)
            {
                pages = parent.Covered(entry.Vaddr + done * 4096, entry.NrPages - done, out bool inParent);
                Assert.InRange(pages, 1UL, entry.NrPages - done);
                Assert.Equal((entry.Flags & (PageFlags.Present | PageFlags.Parent)) != 0, inParent);
            }
    }, s_allowed);

    [Fact]
    public void A_damaged_inventory_is_read_or_refused()
    {
        using var directory = new Scratch();
        Fuzz.Feed(Fuzz.Damaged(s_inventories),
            input => Opened.Image(directory.Write(ImageNames.Inventory, input), InventoryImage.Read), s_allowed, 3000);
    }

    [Fact]
    public void Damaged_statistics_are_read_or_refused()
    {
        using var directory = new Scratch();
        Fuzz.Feed(Fuzz.Damaged(s_statistics), input => Opened.Image(directory.Write(ImageNames.Stats, input), StatsImage.Read),
            s_allowed, 3000);
    }

    /// <summary>A damaged ledger is refused; an accepted one answers any query.</summary>
    [Fact]
    public void A_damaged_frame_ledger_is_refused_or_answers_any_question()
    {
        using var directory = new Scratch();
        var parts = Gen.Select(Gen.Int[1, 3], Gen.ULong[0, 9].Array[0, 30], Gen.ULong[1, 1UL << 40]);
        var whole = parts.Select((tasks, frames, first) =>
        {
            Ledgers.Write(directory.Path, new FrameLedgerHead(first, default, 0), ledger =>
            {
                for (int task = 1; task <= tasks; task++)
                    Ledgers.Task(ledger, task, first, (4096UL, frames!), (1UL << 20, [first, first + 1, first + 2, first + 3]));
            });
            return File.ReadAllBytes(directory[ImageNames.Frames]);
        });
        Fuzz.Feed(Fuzz.Damaged(whole), input =>
        {
            File.WriteAllBytes(directory[ImageNames.Frames], input);
            using var ledger = Opened.Ledger(directory.Path)!;
            var frames = new ulong[100];
            foreach (int pid in ledger.Tasks.Keys)
                ledger.OpenTask(pid, startTime: null)!.Read(0, frames);
        }, s_allowed, 3000);
    }

    [Fact]
    public void The_kind_of_a_damaged_image_is_told_or_refused()
    {
        using var directory = new Scratch();
        Fuzz.Feed(Fuzz.Damaged(Gen.OneOf(s_pagemaps, s_inventories, s_statistics)),
            input => Opened.Image(directory.Write("core-1.img", input), ImageKind.Of), s_allowed, 3000);
    }

    /// <summary>The check never throws; the chain's reader and the overview accept any images that it accepts.</summary>
    [Fact]
    public void Verify_and_show_and_the_chain_agree_on_what_is_sound()
    {
        using var folder = new HandmadeRounds();
        string first = folder.Round("1"), second = folder.Round("2", "../1", 2);
        folder.Task(second, 7, 2, (10, 4, PageFlags.Present), (20, 4, PageFlags.Parent), (40, 100, PageFlags.Parent));
        File.WriteAllBytes(Path.Combine(first, ImageNames.Pages(1)), new byte[4096 * 120]);
        var small = Generate.Entries(maxGap: 20, maxPages: 60).Select(entries => Bytes.Pagemap(1, entries));
        int sound = 0;
        var bytes = new byte[4096];
        var whole = Gen.OneOf(
            Bytes.Pagemap(1, new PagemapEntry(20 * 4096, 120, PageFlags.Present)),
            Bytes.Pagemap(1, new PagemapEntry(20 * 4096, 4, PageFlags.Present),
                new PagemapEntry(40 * 4096, 100, PageFlags.Present | PageFlags.Lazy),
                new PagemapEntry(200 * 4096, 16, PageFlags.Present)));
        Fuzz.Feed(Fuzz.Damaged(Gen.OneOf(whole, small)), input =>
        {
            File.WriteAllBytes(Path.Combine(first, ImageNames.Pagemap(7)), input);
            var problems = new List<ImageProblem>();
            var result = Opened.Check(second, problems.Add);
            Assert.Equal(problems.Count, result.Problems);
            Assert.All(problems, problem => Assert.DoesNotContain('\n', problem.ToString()));
            if (problems.Count > 0)
                return;
            sound++;
            Opened.In(first, images => RoundOverview.Of(images, 4096));
            using var chain = ImageChain.Open(second);
            using var task = ChainedPages.TryOpen(chain, ImageNames.Pagemap(7), Bytes.PageSize)!;
            for (ulong page = 10, count; page < 140; page += count)
            {
                count = task.Locate(page * 4096, 140 - page, out var place);
                Assert.InRange(count, 1UL, 140 - page);
                Assert.Equal(page is < 14 or (>= 20 and < 24) or >= 40, place.Round is not null);
                place.Round?.Read(place.Offset, bytes);
            }
        }, s_allowed, 1500);
        Assert.NotEqual(0, sound);
    }

    /// <summary>Five directories, each with an arbitrary parent link.</summary>
    [Fact]
    public void Parent_links_to_anywhere_are_a_chain_or_refused()
    {
        using var directory = new Scratch();
        for (int i = 0; i < 5; i++)
            Directory.CreateDirectory(directory[$"{i}"]);
        Fuzz.Feed(Fuzz.Damaged(Gen.OneOf(
            "../1\n../2\n../3\n../4\n"u8.ToArray(), "../2\n../0\n../1\n.\n.."u8.ToArray(),
            "parent\n./../3\n../4/../4//\n../1\n/"u8.ToArray())), input =>
        {
            var links = System.Text.Encoding.UTF8.GetString(input).Replace("\0", "").Split('\n');
            for (int i = 0; i < 5; i++)
            {
                File.Delete(Path.Combine(directory[$"{i}"], ImageNames.Parent));
                if (i < links.Length && links[i].Length is > 0 and < 200)
                    File.CreateSymbolicLink(Path.Combine(directory[$"{i}"], ImageNames.Parent), links[i]);
            }
            var chain = Opened.Walk(directory["0"]).Select(round => round.Path).ToList();
            Assert.Equal(chain.Distinct(), chain);
            Assert.All(chain, path => Assert.True(Directory.Exists(path)));
            Assert.Equal(chain.Count, Opened.Check(directory["0"], _ => { }).Chain.Count);
        }, s_allowed, 1500);
    }

    /// <summary>Names in a directory of images.</summary>
    [Fact]
    public void The_name_of_an_image_is_of_one_kind_and_told_in_one_line() => Fuzz.Feed(
        Fuzz.Damaged(Gen.OneOf("pagemap-7.img"u8.ToArray(), "pagemap-shmem-5.img"u8.ToArray(),
            "pages-4294967295.img"u8.ToArray())), input =>
        {
            var name = System.Text.Encoding.UTF8.GetString(input);
            if (ImageNames.PidOfPagemap(name) is { } pid)
                Assert.True(pid >= 0 && ImageNames.IsPagemap(name));
            if (ImageNames.IdOfPages(name) is not null)
                Assert.True(ImageNames.IsImage(name) && !ImageNames.IsPagemap(name));
            Assert.DoesNotContain('\n', OneLine.Of(name));
        }, []);

    private static void AssertSound(PagemapEntry[] entries)
    {
        ulong end = 0;
        foreach (var entry in entries)
        {
            Assert.True(entry.Vaddr >= end && entry.Vaddr % 4096 == 0 && entry.NrPages > 0, $"{entry}");
            Assert.True(entry.Flags is PageFlags.Present or PageFlags.Parent or PageFlags.Lazy
                or (PageFlags.Present | PageFlags.Lazy) or (PageFlags.Parent | PageFlags.Lazy), $"{entry}");
            end = checked(entry.Vaddr + entry.NrPages * 4096);
            Assert.True(end <= 1UL << 63, $"{entry}");
        }
    }
}
