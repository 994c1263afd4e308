using PreDump.Core;
using PreDump.Core.Proof;
using Xunit;

namespace PreDump.Tests.Unit.Core.Proof;

/// <summary>The settings of the action script: valid settings take effect, invalid ones are errors.</summary>
public sealed class ProofSettingsTests : IDisposable
{
    private readonly Scratch _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Without_settings_a_proof_compares_changed_pages_and_mends_wrong_ones() =>
        Assert.Equal(new ProofSettings(Whole: false, Mend: true), ProofSettings.Read("/nonexistent/file", _ => null));

    [Theory]
    [InlineData("prove whole\nmend no\n", true, false)]
    [InlineData("\n  # mend no\n\tprove\twhole # really\n", true, true)]
    [InlineData("mend no\nmend yes", false, true)]
    [InlineData("", false, true)]
    public void A_file_of_settings_is_read_line_by_line(string text, bool whole, bool mend) =>
        Assert.Equal(new ProofSettings(whole, mend), ProofSettings.Read(Write(text), _ => null));

    [Fact]
    public void The_environments_settings_are_above_those_of_the_file() =>
        Assert.Equal(new ProofSettings(Whole: false, Mend: true), ProofSettings.Read(Write("prove whole\nmend no"),
            name => name == "PREDUMP_PROVE" ? "changed" : "yes"));

    [Theory]
    [InlineData("prove", "line 1: one setting and its value are wanted")]
    [InlineData("mend no thanks", "line 1: one setting and its value are wanted")]
    [InlineData("mend no\nprove=whole", "line 2: one setting and its value are wanted")]
    [InlineData("\nProve whole", "line 2: there is no setting \"Prove\"")]
    [InlineData("prove all", "line 1: \"all\" is none of: changed, whole")]
    [InlineData("mend 0", "line 1: \"0\" is none of: yes, no")]
    public void A_setting_that_is_not_understood_is_refused(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<PreDumpException>(() => ProofSettings.Read(Write(text), _ => null)).Message);

    private string Write(string text) => _directory.Write("action-script.conf", System.Text.Encoding.UTF8.GetBytes(text));
}
