using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>The finished stages of one seed.</summary>
internal sealed record SeedStages(long Seed, StageResult Routers, StageResult Tuned, StageResult Choices, StageResult Dynamic);
