namespace Flextron.Workbench.Studies;

/// <summary>One part of the text.</summary>
/// <param name="Name">Calibration, train or held-out.</param>
/// <param name="Documents">Documents in it.</param>
/// <param name="Tokens">Tokens used of it.</param>
/// <param name="Hash">SHA-256 of the ids.</param>
public sealed record CorpusPart(string Name, long Documents, long Tokens, string Hash);
