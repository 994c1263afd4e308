using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A file whose first 8 bytes are a counter of the victim: while it grows the victim runs.</summary>
internal static class Counter
{
    public static async Task AssertGrows(Victim victim, string file)
    {
        var before = Read(file);
        await Eventually.True(() => victim.HasExited || Read(file) > before + 2, "the victim goes on");
        Assert.False(victim.HasExited, "the victim has died");
    }

    private static ulong Read(string file)
    {
        var bytes = File.Exists(file) ? File.ReadAllBytes(file) : [];
        return bytes.Length < sizeof(ulong) ? 0 : BitConverter.ToUInt64(bytes);
    }
}
