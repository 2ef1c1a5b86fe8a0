using Flextron.Evaluation;

namespace Flextron.Workbench.WayComparisons;

/// <summary>A network's result on a task.</summary>
/// <param name="Network">See <see cref="WayTimings"/>.</param>
/// <param name="Task">The task.</param>
/// <param name="Accuracy">Share of documents that it has right.</param>
/// <param name="StandardError">Over documents.</param>
/// <param name="Chance">What guessing reaches.</param>
/// <param name="Docs">Documents.</param>
internal sealed record WayScore(string Network, string Task, double Accuracy, double StandardError, double Chance, int Docs)
{
    public static WayScore Of(string network, TaskResult result) =>
        new(network, result.Task, result.Metrics["acc"], result.Stderr["acc"], result.Chance, result.Docs);
}
