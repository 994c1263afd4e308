using System.Text;
using CsCheck;
using PreDump.Core.Select;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Select;

/// <summary>Which VMAs are scanned together, and which parts of a scan's result lie in them.</summary>
public sealed class VmaWindowTests
{
    private static readonly VmaKind[] s_kinds = [VmaKind.Private, VmaKind.Private, VmaKind.Private, VmaKind.Shared, VmaKind.Vvar,
        VmaKind.Vdso];

    private static readonly Gen<(ulong Gap, ulong Pages, VmaKind Kind)[]> s_vmas =
        Gen.Select(Gen.ULong[0, 3], Gen.ULong[1, 9], Gen.Int[0, 5].Select(i => s_kinds[i]))
            .Array[0, 700];

    [Fact]
    public void Windows_hold_every_wanted_vma_once_and_span_no_other()
    {
        s_vmas.Sample(parts =>
        {
            var vmas = Lay(parts);
            var reader = new MapsReader(Encoding.ASCII.GetBytes(string.Concat(vmas.Select(vma => Line(vma.Range, vma.Kind)))));
            var rules = new VmaRules(0);
            var window = new VmaWindow();
            int leftOut = 0, seen = 0;
            while (window.TryFill(ref reader, rules, (_, _) => leftOut++))
            {
                seen += window.Count;
                foreach (var (range, kind) in vmas.Where(vma => vma.Range.End > window.Start && vma.Range.Start < window.End))
                    Assert.Equal(window.Category == PageCategory.All ? VmaKind.Vdso : VmaKind.Private, kind);
            }
            Assert.Equal(vmas.Count(vma => vma.Kind is VmaKind.Private or VmaKind.Vdso), seen);
            Assert.Equal(vmas.Count - seen, leftOut);
        }, iter: 200);
    }

    [Fact]
    public void A_window_takes_of_the_findings_only_what_lies_in_a_vma()
    {
        Gen.Select(s_vmas, Gen.Select(Gen.ULong[0, 4], Gen.ULong[1, 30]).Array[1, 40]).Sample((parts, gaps) =>
        {
            var vmas = Lay([.. parts.Where(part => part.Kind == VmaKind.Private).Take(200)]);
            var found = Lay([.. gaps.Select(part => (part.Item1, part.Item2, VmaKind.Private))]);
            var reader = new MapsReader(Encoding.ASCII.GetBytes(string.Concat(vmas.Select(vma => Line(vma.Range, vma.Kind)))));
            var window = new VmaWindow();
            if (!window.TryFill(ref reader, new VmaRules(0), (_, _) => { }))
                return;
            var inWindow = vmas.Take(window.Count).SelectMany(vma => PagesOf(vma.Range)).ToHashSet();
            var taken = new List<ulong>();
            foreach (var (range, _) in found)
                for (var rest = range; window.TryTake(ref rest, out var part);)
                    taken.AddRange(PagesOf(part));
            Assert.Equal(found.SelectMany(range => PagesOf(range.Range)).Where(inWindow.Contains), taken);
        });
    }

    private const ulong Page = 4096;

    private static IEnumerable<ulong> PagesOf(MemoryRange range)
    {
        for (ulong at = range.Start; at < range.End; at += Page)
            yield return at;
    }

    private static List<(MemoryRange Range, VmaKind Kind)> Lay((ulong Gap, ulong Pages, VmaKind Kind)[] parts)
    {
        ulong at = 0x10000;
        return [.. parts.Select(part =>
        {
            ulong start = at + (part.Gap * Page);
            at = start + (part.Pages * Page);
            return (new MemoryRange(start, part.Pages * Page), part.Kind);
        })];
    }

    private static string Line(MemoryRange range, VmaKind kind) => $"{range.Start:x8}-{range.End:x8} " + kind switch
    {
        VmaKind.Shared => "rw-s 00000000 00:01 12    /dev/zero (deleted)\n",
        VmaKind.Vvar => "r--p 00000000 00:00 0     [vvar]\n",
        VmaKind.Vdso => "r-xp 00000000 00:00 0     [vdso]\n",
        _ => "rw-p 00000000 00:00 0 \n",
    };
}
