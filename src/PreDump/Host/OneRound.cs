using PreDump.Core.Copying;
using PreDump.Core.Rounds;
using PreDump.Core.Sinks;
using PreDump.Linux;
using PreDump.PageServer.Client;
using PreDump.PageServer.Protocol;
using PreDump.Settings;

namespace PreDump.Host;

/// <summary>A round, from what the command line says to complete images.</summary>
internal static class OneRound
{
    /// <summary>Makes it.</summary>
    /// <param name="options">What the command line says.</param>
    /// <param name="tree">The tree's root.</param>
    /// <param name="images">The directory for the images.</param>
    /// <param name="work">The work directory, whose statistics stay if the images are complete.</param>
    /// <param name="reporter">Receives progress and messages.</param>
    /// <param name="cancel">Ends the round early.</param>
    public static Summary Run(PreDumpOptions options, TreeRoot tree, RoundDirectory images, WorkDirectory work,
        RoundReporter reporter, CancellationToken cancel)
    {
        var request = options.Request(tree);
        using var server = options.PageServer is { } where
            ? PageServerClient.Connect(where, PagesId.OfTask(tree.ImagePid), reporter, cancel)
            : null;
        var remote = server is null ? null : new PageServerRound(server, tree);
        if (options.CalledAsCriu)
            images.Renew(reporter);
        try
        {
            return new Round(request, images, remote, reporter).Run(cancel);
        }
        finally
        {
            if (images.IsComplete)
                work.Keep();
        }
    }
}
