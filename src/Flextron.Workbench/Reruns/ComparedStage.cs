namespace Flextron.Workbench.Reruns;

/// <summary>A stage of a run beside that of its rerun.</summary>
/// <param name="Name">The stage.</param>
/// <param name="Measured">Whether it measures time, or takes in what such a stage made.</param>
/// <param name="Files">Files that either wrote.</param>
/// <param name="Identical">Files that are the same byte for byte; those that hold how long something took seldom are.</param>
/// <param name="Threads">Threads that libtorch computed it with, now.</param>
/// <param name="Seconds">How long it took, now.</param>
public sealed record ComparedStage(string Name, bool Measured, int Files, int Identical, int Threads, double Seconds);
