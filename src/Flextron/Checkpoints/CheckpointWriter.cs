using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>Saves a model in a chosen format.</summary>
public static class CheckpointWriter
{
    /// <summary>The folder format that can say what a model is: Hugging Face's where it can.</summary>
    public static CheckpointFormat FolderFormat(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.IsAttentionOnly ? CheckpointFormat.HuggingFace : CheckpointFormat.Flextron;
    }

    /// <summary>Writes the weights; what was there before stays until the new content is complete.</summary>
    /// <param name="weights">The model.</param>
    /// <param name="path">A folder for <see cref="CheckpointFormat.HuggingFace"/> and <see cref="CheckpointFormat.Flextron"/>, a file for <see cref="CheckpointFormat.Llama2C"/>.</param>
    /// <param name="format">The layout.</param>
    /// <param name="dtype">Element type in the file; llama2.c has Float32 only.</param>
    /// <param name="padded">Of a model padded with zeros, the sub-network that it is; noted in a Hugging Face configuration.</param>
    /// <exception cref="FlextronException">The format cannot express the model, or the place cannot be written.</exception>
    public static void Save(DecoderWeights weights, string path, CheckpointFormat format, ScalarType dtype = ScalarType.Float32, SubNetwork? padded = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (format == CheckpointFormat.Flextron)
        {
            FlextronCheckpoint.Save(weights, path, dtype);
            return;
        }
        weights.Config.RequireAttention("An ordinary checkpoint", "keep it in the Flextron format, which this program reads");
        if (format == CheckpointFormat.HuggingFace)
        {
            HuggingFaceCheckpoint.Save(weights, path, dtype, padded);
            return;
        }
        if (dtype != ScalarType.Float32)
            throw new FlextronException($"A llama2.c checkpoint holds Float32, not {dtype}: choose that, or the HuggingFace format.");
        Llama2CheckpointFile.Save(weights, path);
    }
}
