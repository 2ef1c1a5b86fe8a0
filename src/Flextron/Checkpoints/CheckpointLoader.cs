using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>Loads a model from whatever a path turns out to hold.</summary>
public static class CheckpointLoader
{
    private const string Supported = "supported are a Hugging Face folder with config.json and safetensors, and a llama2.c .bin file";

    /// <summary>Loads a Hugging Face folder, a llama2.c file, or a folder with exactly one such file (beside a <c>tokenizer.bin</c>).</summary>
    /// <param name="path">Folder or file.</param>
    /// <param name="dtype">Element type to hold the weights in: Float32, Float16 or BFloat16.</param>
    /// <param name="device">Where; CPU by default.</param>
    /// <exception cref="FlextronException">Nothing is there, or nothing that can be loaded; the message says why.</exception>
    public static LoadedCheckpoint Load(string path, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        (CheckpointFormat format, string place) = Detect(path);
        return format switch
        {
            CheckpointFormat.HuggingFace => HuggingFaceCheckpoint.Load(place, dtype, device),
            CheckpointFormat.Flextron => FlextronCheckpoint.Load(place, dtype, device),
            _ => Llama2CheckpointFile.Load(place, dtype, device),
        };
    }

    /// <summary>Reads a model's shape, without its weights.</summary>
    /// <param name="path">As for <see cref="Load"/>.</param>
    /// <exception cref="FlextronException">Nothing is there, or nothing that can be loaded; the message says why.</exception>
    public static ModelConfig ReadConfig(string path)
    {
        (CheckpointFormat format, string place) = Detect(path);
        return format switch
        {
            CheckpointFormat.HuggingFace => HuggingFaceCheckpoint.ReadConfig(place),
            CheckpointFormat.Flextron => FlextronCheckpoint.ReadConfig(place),
            _ => Llama2CheckpointFile.ReadConfig(place),
        };
    }

    /// <summary>The element types that a model's weights are stored in, in the words of safetensors, and their bytes on disk.</summary>
    /// <exception cref="FlextronException">Nothing is there, or nothing that can be loaded; the message says why.</exception>
    public static (IReadOnlyList<string> Types, long Bytes) ReadStorage(string path)
    {
        (CheckpointFormat format, string place) = Detect(path);
        if (format == CheckpointFormat.Llama2C) return (["F32"], new FileInfo(place).Length);
        using SafetensorsFolder folder = SafetensorsFolder.Open(place);
        return ([.. folder.Entries.Values.Select(e => e.Dtype).Distinct().Order(StringComparer.Ordinal)], folder.Entries.Values.Sum(e => e.ByteLength));
    }

    /// <summary>Says what a path holds, without reading weights.</summary>
    /// <returns>The format, and the folder or file to read.</returns>
    /// <exception cref="FlextronException">Nothing is there, or nothing known.</exception>
    public static (CheckpointFormat Format, string Path) Detect(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (File.Exists(path))
        {
            if (path.EndsWith(".bin", StringComparison.OrdinalIgnoreCase)) return (CheckpointFormat.Llama2C, path);
            string way = Path.GetFileName(path) is HuggingFaceCheckpoint.ConfigName or SafetensorsFolder.FileName or SafetensorsFolder.IndexName
                ? "give its folder"
                : Supported;
            throw new FlextronException($"{path} is not a checkpoint by itself: {way}.");
        }
        if (!Directory.Exists(path)) throw new FlextronException($"There is no checkpoint at {path}: check the path.");
        try
        {
            return DetectFolder(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{path} cannot be read: {e.Message} Check its permissions.", e);
        }
    }

    private static (CheckpointFormat Format, string Path) DetectFolder(string folder)
    {
        if (FlextronCheckpoint.IsIn(folder)) return (CheckpointFormat.Flextron, folder);
        if (File.Exists(Path.Combine(folder, HuggingFaceCheckpoint.ConfigName))) return (CheckpointFormat.HuggingFace, folder);
        if (File.Exists(Path.Combine(folder, SafetensorsFolder.FileName)) || File.Exists(Path.Combine(folder, SafetensorsFolder.IndexName)))
            throw new FlextronException($"{folder} has weights but no {HuggingFaceCheckpoint.ConfigName}: fetch that too.");
        string[] files =
        [
            .. Directory.EnumerateFiles(folder, "*.bin").Where(f => Path.GetFileName(f) != "tokenizer.bin").Order(StringComparer.Ordinal),
        ];
        return files.Length switch
        {
            1 => (CheckpointFormat.Llama2C, files[0]),
            0 => throw new FlextronException($"{folder} holds no checkpoint: {Supported}."),
            _ => throw new FlextronException($"{folder} holds {files.Length} .bin files: name one of them, such as {files[0]}."),
        };
    }
}
