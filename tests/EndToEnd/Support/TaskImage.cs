using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A run of pages in a pagemap image.</summary>
internal readonly record struct ImageRun(ulong Address, ulong Pages, uint Flags)
{
    public const uint Parent = 1;
    public const uint Present = 4;

    public ulong End => Address + Pages * Mapping.PageSize;
}

/// <summary>The pagemap of one task with the file its pages are in.</summary>
internal sealed record TaskImage(string PagesFile, List<ImageRun> Runs)
{
    public static TaskImage From(string directory, JsonElement image)
    {
        var entries = image.GetProperty("entries").EnumerateArray().ToList();
        var pages = Path.Combine(directory, $"pages-{entries[0].GetProperty("pages_id").GetUInt32()}.img");
        return new TaskImage(pages, [.. entries.Skip(1).Select(Run)]);
    }

    /// <summary>Each page whose contents are here: address and offset in the pages file.</summary>
    public Dictionary<ulong, long> Places()
    {
        var places = new Dictionary<ulong, long>();
        foreach (var run in Runs.Where(run => (run.Flags & ImageRun.Present) != 0))
            for (var address = run.Address; address < run.End; address += Mapping.PageSize)
                places.Add(address, places.Count * (long)Mapping.PageSize);
        return places;
    }

    /// <summary>Checks what a reader relies on: runs ascend, are disjoint and aligned, the file has their size.</summary>
    public void AssertWellFormed()
    {
        ulong end = 0;
        foreach (var run in Runs)
        {
            Assert.True(run.Address % Mapping.PageSize == 0, $"{run} is not aligned");
            Assert.True(run.Pages > 0, $"{run} is empty");
            Assert.True(run.Address >= end, $"{run} begins before {end:x}");
            Assert.True(run.Flags is ImageRun.Present or ImageRun.Parent, $"{run} has strange flags");
            end = run.End;
        }
        Assert.Equal(Places().Count * (long)Mapping.PageSize, new FileInfo(PagesFile).Length);
    }

    // nr_pages is field 2 in the CRIU 3.17 of Debian 12 and field 5 since 4.2, where 2 is called compat_nr_pages.
    private static ImageRun Run(JsonElement entry)
    {
        var pages = entry.GetProperty("nr_pages").GetUInt64();
        if (entry.TryGetProperty("compat_nr_pages", out var compatible))
            Assert.Equal(compatible.GetUInt64(), pages);
        return new ImageRun(entry.GetProperty("vaddr").GetUInt64(), pages, entry.GetProperty("flags").GetUInt32());
    }
}
