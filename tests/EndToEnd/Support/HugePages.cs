using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>Huge pages reserved for one test; the number is put back after it.</summary>
internal sealed class HugePages : IDisposable
{
    private const string Number = "/proc/sys/vm/nr_hugepages";

    private readonly string _before;

    private HugePages(string before) => _before = before;

    public static HugePages Reserve(int count)
    {
        Requires.Root();
        Assert.SkipUnless(File.Exists(Number), "this kernel has no huge pages");
        var reserved = new HugePages(File.ReadAllText(Number));
        File.WriteAllText(Number, $"{int.Parse(reserved._before) + count}");
        if (int.Parse(File.ReadAllText(Number)) < int.Parse(reserved._before) + count)
        {
            reserved.Dispose();
            Assert.Skip("no huge pages can be reserved");
        }
        return reserved;
    }

    public void Dispose() => File.WriteAllText(Number, _before);
}
