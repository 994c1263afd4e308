using PreDump.Core;
using PreDump.Images;
using PreDump.Linux;
using PreDump.Output;
using PreDump.Report;

namespace PreDump.Commands;

/// <summary>`predump show FILE|DIR`: the contents of an image, or of a directory of images.</summary>
internal static class ShowCommand
{
    /// <summary>Prints it, or writes a page about the rounds in a directory; returns the exit code.</summary>
    /// <param name="path">The image, or the directory.</param>
    /// <param name="json">Print JSON.</param>
    /// <param name="report">The file for the page; null: none.</param>
    public static int Run(string path, bool json, string? report)
    {
        if (report is not null)
            ReportFile.Write(path, report);
        else if (Images.TryOpen(path, out _) is { } directory)
            using (directory)
                ShowDirectory(directory, path, json);
        else
            ShowImage(path, json);
        return ExitCode.Done;
    }

    private static void ShowDirectory(ImageDirectory directory, string path, bool json)
    {
        var overview = RoundOverview.Of(directory, PageSize.Bytes);
        if (json)
            ShowJson.Directory(path, overview);
        else
            ShowText.Directory(overview);
    }

    private static void ShowImage(string path, bool json)
    {
        string name = Path.GetFileName(path), folder = path[..^name.Length];
        using var directory = Images.TryOpen(folder.Length > 0 ? folder : ".", out _)
            ?? throw new ImageException(path, "no such file");
        switch (ImageKind.Of(directory, name))
        {
            case ImageKind.Inventory:
                var inventory = InventoryImage.Read(directory, name);
                if (json)
                    ShowJson.Inventory(inventory);
                else
                    ShowText.Inventory(inventory);
                break;
            case ImageKind.Stats:
                var stats = StatsImage.Read(directory, name);
                if (json)
                    ShowJson.Stats(stats);
                else
                    CriuStatsText.Print(stats);
                break;
            case ImageKind.Pagemap:
                using (var pagemap = PagemapReader.Open(directory, name, PageSize.Bytes))
                    if (json)
                        ShowJson.Pagemap(pagemap);
                    else
                        ShowText.Pagemap(pagemap);
                break;
            case ImageKind.Frames:
                using (var ledger = FrameLedger.TryOpen(directory, name) ?? throw new ImageException(path, "no such file"))
                    if (json)
                        ShowJson.Frames(ledger);
                    else
                        ShowText.Frames(ledger);
                break;
            case null when ImageNames.IdOfPages(name) is not null:
                throw new PreDumpException($"{path}: raw pages; a pagemap says which they are: "
                    + $"predump show {directory.Path} lists all pagemaps");
            case null:
                throw new PreDumpException($"{path}: not an image of CRIU, or damaged: it begins with no known magic number");
            case var kind:
                throw new PreDumpException($"{path}: a {kind} image of CRIU, which is not about pages: use crit show {path}");
        }
    }
}
