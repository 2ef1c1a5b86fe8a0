using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.Training.Passes;

/// <summary>What the halves of all blocks have in common in one pass.</summary>
/// <param name="Config">The model's shape.</param>
/// <param name="Batch">B.</param>
/// <param name="Time">T.</param>
/// <param name="Rotary">Cosines and sines by position, from the first; null where the block does not rotate.</param>
internal sealed record FusedShape(ModelConfig Config, long Batch, long Time, (Tensor Cos_TI, Tensor Sin_TI)? Rotary);
