namespace Flextron.Workbench.Experiments;

/// <summary>A file that a stage wrote.</summary>
/// <param name="Path">Relative to the stage's folder, with '/'.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its hash.</param>
public sealed record StageFile(string Path, long Bytes, string Sha256);
