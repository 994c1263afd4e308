using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>
/// Compares images with the stopped process they were made of: exactly the pages that the rules select, each equal
/// to /proc/PID/mem byte for byte.
/// </summary>
internal static class PageComparison
{
    public static async Task AssertSame(Victim victim, string images)
    {
        var directory = await DecodedImages.Read(images);
        Assert.Equal(victim.Tree.Select(ProcessView.InnermostPid).Order(), directory.Tasks.Keys);
        foreach (var pid in victim.Tree)
            AssertSame(pid, directory.Tasks[ProcessView.InnermostPid(pid)]);
    }

    /// <summary>
    /// The same for tasks that ran when the images were made, for the one mapping with this number of pages, which did not
    /// change: the kernel itself writes to a running thread's own page (rseq) whenever the thread changes the CPU.
    /// </summary>
    public static async Task AssertSame(Victim victim, string images, ulong mappingOfPages)
    {
        var directory = await DecodedImages.Read(images);
        foreach (var pid in victim.Tree)
        {
            var image = directory.Tasks[ProcessView.InnermostPid(pid)];
            image.AssertWellFormed();
            var mapping = Assert.Single(Mapping.Of(pid), mapping => mapping.Pages == mappingOfPages
                && mapping is { Name: "", Protection: "rw-p" });
            AssertHolds(pid, image, mapping.Start, mapping.End);
        }
    }

    /// <summary>For a part of memory that does not change while the victim works: all its pages are in the images.</summary>
    public static void AssertHolds(int pid, TaskImage image, ulong start, ulong end)
    {
        var places = image.Places();
        var pages = Oracle.Pages(pid).Where(page => page.Key >= start && page.Key < end).ToList();
        Assert.NotEmpty(pages);
        AssertNone(pid, "missing from the images", pages.Where(page => !places.ContainsKey(page.Key)).Select(Name));
        AssertNone(pid, "with other content", pages.Zip(Differences(pid, image, pages.Select(page => page.Key), places))
            .Where(pair => pair.Second).Select(pair => Name(pair.First)));
    }

    private static void AssertSame(int pid, TaskImage image)
    {
        image.AssertWellFormed();
        var expected = Oracle.Pages(pid);
        Assert.NotEmpty(expected);
        var places = image.Places();
        AssertNone(pid, "missing from the images", expected.Where(page => !places.ContainsKey(page.Key)).Select(Name));
        AssertNone(pid, "beyond the rules", places.Keys.Where(page => !expected.ContainsKey(page)).Select(page => $"{page:x}"));
        AssertNone(pid, "with other content", expected.Zip(Differences(pid, image, expected.Keys, places))
            .Where(pair => pair.Second).Select(pair => Name(pair.First)));
    }

    private static List<bool> Differences(int pid, TaskImage image, IEnumerable<ulong> pages, Dictionary<ulong, long> places)
    {
        using var memory = Oracle.Memory(pid);
        using var file = File.OpenHandle(image.PagesFile);
        var inMemory = new byte[Mapping.PageSize];
        var inImage = new byte[Mapping.PageSize];
        var different = new List<bool>();
        foreach (var page in pages)
        {
            Oracle.ReadWhole(memory, inMemory, page);
            Oracle.ReadWhole(file, inImage, (ulong)places[page]);
            different.Add(!inMemory.AsSpan().SequenceEqual(inImage));
        }
        return different;
    }

    private static string Name(KeyValuePair<ulong, Mapping> page) => $"{page.Key:x} in {page.Value}";

    private static void AssertNone(int pid, string what, IEnumerable<string> pages)
    {
        var all = pages.ToList();
        Assert.True(all.Count == 0, $"{all.Count} pages of {pid} {what}:\n{string.Join('\n', all.Take(10))}");
    }
}
