using System.Text.Json.Serialization;

namespace Flextron.Training.Checkpoints;

/// <summary>
/// What stands beside a checkpoint's tensors. It is written last: tensors without a manifest are an interrupted write and never looked at.
/// </summary>
/// <param name="Version">Of this format.</param>
/// <param name="Step">Optimiser steps done.</param>
/// <param name="File">Name of the tensor file: weights and both moments, float32.</param>
/// <param name="Sha256">Of the tensor file.</param>
/// <param name="Compute">Type of the matrix products; it must be the same when the run goes on.</param>
/// <param name="Seed">Of sub-networks, data order and everything else random: each draw is a function of it and the step.</param>
/// <param name="BatchesRead">Position in the data.</param>
/// <param name="LossMonitor">State of the watch on the loss.</param>
/// <param name="Identity">What the run is of.</param>
/// <param name="Threads">Threads that libtorch computed with; the run goes on with as many, since sums depend on it. 0 where an older version did not say.</param>
public sealed record CheckpointManifest(
    int Version, int Step, string File, string Sha256, string Compute, long Seed, long BatchesRead, IReadOnlyList<double> LossMonitor, TrainingIdentity Identity,
    int Threads = 0)
{
    /// <summary>State of what keeps weights frozen; null where nothing does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Freeze { get; init; }

    /// <summary>The version that is written.</summary>
    public const int CurrentVersion = 1;
}
