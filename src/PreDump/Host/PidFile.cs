using System.Globalization;
using System.Text;
using PreDump.Linux;

namespace PreDump.Host;

/// <summary>The file of --pidfile.</summary>
internal static class PidFile
{
    /// <summary>Writes a pid to a file in the work directory; does nothing without a name.</summary>
    public static void Write(string workDirectory, string? name, int pid)
    {
        if (name is null)
            return;
        using var file = PrivateFile.CreateOrTruncate(Path.Combine(workDirectory, name));
        file.Write(Encoding.ASCII.GetBytes(pid.ToString(CultureInfo.InvariantCulture)));
    }
}
