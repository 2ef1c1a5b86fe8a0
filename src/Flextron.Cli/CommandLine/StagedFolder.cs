namespace Flextron.Cli.CommandLine;

/// <summary>Fills a folder beside its target and moves it into place when it is complete, so that a failure leaves nothing half-written.</summary>
internal static class StagedFolder
{
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
