namespace Flextron.Workbench.Experiments;

/// <summary>State of a run as its process saw it last; saved as <c>state.json</c>.</summary>
/// <param name="State">How far it has come.</param>
/// <param name="StartedUtc">When it began.</param>
/// <param name="EndedUtc">When it ended, or null.</param>
public sealed record RunStatus(RunState State, DateTimeOffset StartedUtc, DateTimeOffset? EndedUtc = null);
