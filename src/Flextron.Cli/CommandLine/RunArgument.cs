using Flextron.Workbench.Experiments;

namespace Flextron.Cli.CommandLine;

/// <summary>The RUN that several verbs take: a run's folder.</summary>
internal static class RunArgument
{
    /// <summary>Opens it.</summary>
    /// <exception cref="FlextronException">It is not a run's folder.</exception>
    public static RunRecord Open(string path)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return RunRecord.IsRun(folder) ? RunRecord.Open(folder) : throw new FlextronException($"{path} is not a run's folder: see `flextron list`.");
    }
}
