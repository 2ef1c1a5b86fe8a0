using System.Text.Json;
using Flextron.Models;
using Flextron.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>
/// Models whose blocks no ordinary format describes, as a folder of this project's own: <c>config.json</c> with the shape as it is here, which other tools
/// refuse by its type, and <c>model.safetensors</c> with the tensors under their own names and in their own orientation.
/// </summary>
public static class FlextronCheckpoint
{
    private const string ModelType = "flextron", Architecture = "FlextronForCausalLM";

    /// <summary>Whether a folder holds such a model; a damaged configuration is taken for an ordinary one, whose reader explains what is wrong.</summary>
    public static bool IsIn(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string path = Path.Combine(folder, HuggingFaceCheckpoint.ConfigName);
        if (!File.Exists(path)) return false;
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("model_type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals(ModelType);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Reads a model's shape.</summary>
    /// <exception cref="FlextronException">It is malformed, of another version, or contradicts itself.</exception>
    public static ModelConfig ReadConfig(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string path = Path.Combine(folder, HuggingFaceCheckpoint.ConfigName);
        var file = FlextronJson.ReadFile<FlextronCheckpointConfig>(path, "model configuration");
        if (file.Format != FlextronCheckpointConfig.CurrentFormat || file.Model is null)
            throw new FlextronException($"{path} has format {file.Format}, this version reads {FlextronCheckpointConfig.CurrentFormat}: make the model again.");
        return file.Model.Validated(path);
    }

    /// <summary>Reads shape and weights.</summary>
    /// <param name="folder">As <see cref="Save"/> wrote it.</param>
    /// <param name="dtype">Element type to hold them in: Float32, Float16 or BFloat16.</param>
    /// <param name="device">Where; CPU by default.</param>
    /// <exception cref="FlextronException">The folder is not such a checkpoint; what is missing or mis-shaped is named.</exception>
    public static LoadedCheckpoint Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        TensorBytes.SizeOf(dtype);
        ModelConfig config = ReadConfig(folder);
        using SafetensorsFolder source = SafetensorsFolder.Open(folder);
        // Headers have been checked against the files' lengths: as many elements as they justify, and no more, are allocated.
        long held = source.Entries.Values.Sum(e => e.Shape.Aggregate(1L, (a, b) => a * b)), needed = DecoderWeights.CountParameters(config);
        if (held != needed) throw new FlextronException($"{folder} holds {held:N0} weights where its config.json asks for {needed:N0}: weights and configuration are of different models.");
        using var scope = NewDisposeScope();
        DecoderWeights weights = DecoderWeights.Allocate(config, dtype, device);
        try
        {
            foreach ((string name, Tensor tensor) in weights.Named())
            {
                if (!source.Entries.TryGetValue(name, out SafetensorsEntry? entry))
                    throw new FlextronException($"{folder} lacks {name}: weights and configuration are of different models.");
                if (!entry.Shape.SequenceEqual(tensor.shape))
                    throw new FlextronException($"{folder}: {name} has shape [{string.Join(", ", entry.Shape)}] where config.json asks for [{string.Join(", ", tensor.shape)}].");
                source.CopyTo(name, tensor);
            }
            return new LoadedCheckpoint(config, weights, CheckpointFormat.Flextron, Path.GetFullPath(folder));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Writes a model, each file atomically.</summary>
    /// <param name="weights">The model.</param>
    /// <param name="folder">Created if needed.</param>
    /// <param name="dtype">Element type in the file: Float32, Float16 or BFloat16.</param>
    /// <exception cref="FlextronException">The folder cannot be written, or a value does not fit the type.</exception>
    public static void Save(DecoderWeights weights, string folder, ScalarType dtype = ScalarType.Float32)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(folder);
        SafetensorsWriter.Write(Path.Combine(folder, SafetensorsFolder.FileName), weights.Named(), dtype);
        FlextronJson.WriteFile(
            Path.Combine(folder, HuggingFaceCheckpoint.ConfigName), new FlextronCheckpointConfig(ModelType, [Architecture], FlextronCheckpointConfig.CurrentFormat, weights.Config));
    }
}
