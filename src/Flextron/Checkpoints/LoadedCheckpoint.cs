using Flextron.Models;

namespace Flextron.Checkpoints;

/// <summary>A model read from disk.</summary>
/// <param name="Config">Its shape.</param>
/// <param name="Weights">Its parameters, owned by this object.</param>
/// <param name="Format">How it was stored.</param>
/// <param name="Path">Full path of the folder (Hugging Face) or file (llama2.c) it came from.</param>
public sealed record LoadedCheckpoint(ModelConfig Config, DecoderWeights Weights, CheckpointFormat Format, string Path) : IDisposable
{
    /// <summary>Frees the weights.</summary>
    public void Dispose() => Weights.Dispose();
}
