using Flextron.CrossArchitecture;
using Flextron.Elastic;
using Flextron.Selection;

namespace Flextron.Cli.CommandLine;

/// <summary>Fills a folder beside its target and moves it into place when it is complete, so that a failure leaves nothing half-written.</summary>
internal static class StagedFolder
{
    private static readonly string[] Companions = [TransferRecord.FileName, FamilyManifest.FileName, FamilyBundle.TableName, FamilyBundle.SensitivitiesName, FamilyBundle.MeasuredName, FamilyBundle.RoutersName];

    /// <summary>Refuses a target that is the source: it would be lost.</summary>
    /// <exception cref="FlextronException">They are the same place.</exception>
    public static void RequireOther(string target, string source)
    {
        static string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Full(target) == Full(source)) throw new FlextronException($"{target} is the model itself: choose another place, so that it stays what it was.");
    }

    /// <summary>Writes a folder; files of the same names in an existing one are replaced at the very end.</summary>
    /// <param name="target">Where the files are wanted.</param>
    /// <param name="content">Fills the folder it is given; throws to give up.</param>
    /// <exception cref="FlextronException">The place cannot be written.</exception>
    public static void Write(string target, Action<string> content)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        if (File.Exists(full)) throw new FlextronException($"{target} is a file: name a folder to write into.");
        string staging = $"{full}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(staging);
            content(staging);
            if (!Directory.Exists(full))
            {
                Directory.Move(staging, full);
                return;
            }
            foreach (string name in Companions)
            {
                // What lay beside older weights says nothing about the new ones.
                string old = Path.Combine(full, name);
                if (File.Exists(old)) File.Delete(old);
                if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
            }
            foreach (string file in Directory.EnumerateFiles(staging, "*", SearchOption.AllDirectories))
            {
                string place = Path.Combine(full, Path.GetRelativePath(staging, file));
                Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                File.Move(file, place, overwrite: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"Cannot write {target}: {e.Message} Free some space or choose another place.", e);
        }
        finally
        {
            if (Directory.Exists(staging)) Directory.Delete(staging, recursive: true);
        }
    }
}
