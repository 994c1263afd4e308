using PreDump.Core.Comparing;
using PreDump.Images;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Commands;

/// <summary>`predump verify DIR`: are these images, and those of all rounds before, sound? With a stopped tree: do they have its
/// memory?</summary>
internal static class VerifyCommand
{
    /// <summary>Prints what is wrong, a line each, and a summary; exit code 0 where nothing is.</summary>
    /// <param name="directory">The images of the last round, or of a final dump.</param>
    /// <param name="tree">The root of the stopped tree to compare with; null: none.</param>
    /// <param name="json">Print one JSON object instead.</param>
    public static int Run(string directory, int? tree, bool json)
    {
        using var images = Images.Open(directory);
        // Before the images are read: a running tree is refused at once.
        using var stopped = tree is { } root ? StoppedTree.Open(TreeRoot.Find(root)) : null;
        using var output = json ? new VerifyJson() : (IVerifyOutput)new VerifyText();
        var result = new ImageCheck(output.Problem, PageSize.Bytes).Run(images);
        bool comparable = result.Problems == 0; // what is damaged can't be compared
        if (result.Chain.Count > 0)
            result = result with { Problems = result.Problems + CheckFrames(images, output) };
        bool sound = result.Problems == 0;
        if (stopped is not null && comparable)
        {
            using var chain = ImageChain.Open(images.Reopen());
            using var comparison = new LiveComparison(chain);
            foreach (var task in comparison.Run(stopped))
            {
                output.Task(task);
                sound &= task.Different == 0 && task.Missing == 0;
            }
        }
        output.Summary(directory, result, compared: stopped is null ? null : comparable, sound);
        return sound ? ExitCode.Done : ExitCode.Failed;
    }

    // Only the last round's matters; restoring needs none.
    private static int CheckFrames(ImageDirectory images, IVerifyOutput output)
    {
        if (FrameLedgerOverview.Of(images)?.Problem is not { } problem)
            return 0;
        output.Problem(new ImageProblem(images.PathOf(ImageNames.Frames), null,
            $"{problem}: the images can be restored, but the next round has to compare each page that looks clean"));
        return 1;
    }
}
