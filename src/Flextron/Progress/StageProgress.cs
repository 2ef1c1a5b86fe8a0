namespace Flextron.Progress;

/// <summary>How far a long piece of work has come; the display derives rate and time left from successive reports.</summary>
/// <param name="Stage">What is being done, in a few words.</param>
/// <param name="Done">Units finished.</param>
/// <param name="Total">Units in all, or 0 where unknown.</param>
/// <param name="Note">Something worth showing beside it, such as the current loss.</param>
public readonly record struct StageProgress(string Stage, long Done, long Total, string? Note = null);
