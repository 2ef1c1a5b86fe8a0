using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.WayComparisons;

/// <summary>The finished stages of one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Arms">By plan.</param>
/// <param name="Choices">The family's sub-networks.</param>
internal sealed record WaySeed(long Seed, IReadOnlyDictionary<(string Arm, WayView View), StageResult> Arms, StageResult Choices);
