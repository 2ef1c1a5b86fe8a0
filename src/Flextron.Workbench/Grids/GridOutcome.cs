using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Grids;

/// <summary>A point of a grid and what its run found.</summary>
/// <param name="Point">The point.</param>
/// <param name="Run">Its run.</param>
/// <param name="Summary">The run's results.</param>
internal sealed record GridOutcome(GridPoint Point, RunRecord Run, IReadOnlyDictionary<string, SummaryValue> Summary)
{
    public static GridOutcome Of(GridPoint point, RunRecord run) => new(point, run, run.ReadSummary());
}
