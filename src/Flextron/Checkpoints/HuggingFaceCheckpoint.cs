using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Checkpoints.Families;
using Flextron.Models;
using Flextron.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>Checkpoint folders in the layout of Hugging Face transformers: <c>config.json</c> and safetensors, of every supported family.</summary>
public static class HuggingFaceCheckpoint
{
    internal const string ConfigName = "config.json";

    private const string GenerationName = "generation_config.json";

    /// <summary>The families that can be read and written, by their <c>model_type</c>.</summary>
    public static IReadOnlyList<string> Families { get; } = [.. CheckpointFamily.All.Select(f => f.Name)];

    /// <summary>Reads the model's shape from <c>config.json</c>, and from <c>generation_config.json</c>, where there is one, what else ends a text.</summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <exception cref="FlextronException">It is missing, malformed, or describes something that is not supported; the message names the value.</exception>
    public static ModelConfig ReadConfig(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string path = Path.Combine(folder, ConfigName);
        return ConfigFields.Read(path, fields =>
        {
            CheckpointFamily family = CheckpointFamily.Of(fields.Text("model_type"), path);
            if (fields.Find("architectures") is { ValueKind: JsonValueKind.Array } classes
                && !classes.EnumerateArray().Any(a => a.ValueKind == JsonValueKind.String && a.GetString() == family.ClassName))
                throw new FlextronException($"{path}: architectures {ConfigFields.Shown(classes.GetRawText())} is not supported; of this family, use a {family.ClassName}.");
            if (fields.Find("quantization_config") is not null)
                throw new FlextronException($"{path}: quantization_config is not supported; use the model's F32, F16 or BF16 weights.");
            string generation = Path.Combine(folder, GenerationName);
            ModelConfig config = family.Read(fields);
            ComputationFields.Require(family.Name, fields, config);
            config = File.Exists(generation)
                ? ConfigFields.Read(generation, more => CheckpointFamily.WithTokenIds(config, fields, more))
                : CheckpointFamily.WithTokenIds(config, fields, generation: null);
            return config.Validated(path);
        });
    }

    /// <summary>Reads shape and weights.</summary>
    /// <param name="folder">A folder with <c>config.json</c> and safetensors, sharded or not.</param>
    /// <param name="dtype">Element type to hold them in: Float32, Float16 or BFloat16.</param>
    /// <param name="device">Where; CPU by default.</param>
    /// <exception cref="FlextronException">The folder is not such a checkpoint; missing, unexpected and mis-shaped tensors are named.</exception>
    public static LoadedCheckpoint Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        TensorBytes.SizeOf(dtype);
        ModelConfig config = ReadConfig(folder);
        CheckpointFamily family = CheckpointFamily.Of(config.Family, folder);
        using SafetensorsFolder source = SafetensorsFolder.Open(folder);
        // The header has been checked against the files' lengths, so shapes that match it cannot ask for more memory than the files justify.
        StoredTensor[] expected = Check(family, config, source);
        using var scope = NewDisposeScope();
        DecoderWeights weights = DecoderWeights.Allocate(config, dtype, device);
        try
        {
            foreach (StoredTensor stored in expected)
            {
                using var one = NewDisposeScope();
                source.CopyElementsTo(stored.Name, stored.View(weights));
            }
            string embedding = NameIn(source, family, family.EmbeddingName);
            if (config.TiedEmbeddings && source.Entries.ContainsKey(family.HeadName) && source.Entries.ContainsKey(embedding))
                RequireSameHead(source, family.HeadName, embedding, weights);
            return new LoadedCheckpoint(config, weights, CheckpointFormat.HuggingFace, Path.GetFullPath(folder));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes <c>model.safetensors</c> and <c>config.json</c> into a folder, each atomically, in the names and the layout of the model's family: transformers opens
    /// it with the family's own class.
    /// </summary>
    /// <param name="weights">The model.</param>
    /// <param name="folder">Created if needed.</param>
    /// <param name="dtype">Element type in the file: Float32, Float16 or BFloat16.</param>
    /// <param name="padded">Of a model padded with zeros, the sub-network that it is; noted in <c>config.json</c>, where other tools ignore it.</param>
    /// <exception cref="FlextronException">The family cannot express the shape, the folder cannot be written, or a value does not fit the type.</exception>
    public static void Save(DecoderWeights weights, string folder, ScalarType dtype = ScalarType.Float32, SubNetwork? padded = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(folder);
        ModelConfig config = weights.Config;
        CheckpointFamily family = CheckpointFamily.Of(config.Family, folder);
        config.RequireAttention($"A {family.ClassName}", "keep it in the Flextron format, which this program reads");
        if (!config.Architecture.FreeHeadSize && config.HeadCount * config.HeadSize != config.HiddenSize)
            throw new FlextronException(
                $"A {family.Name} checkpoint has heads × head size = hidden size, not {config.HeadCount} × {config.HeadSize} and {config.HiddenSize}: fill its heads up with zeros.");
        using var scope = NewDisposeScope();
        IEnumerable<StoredTensor> tables = config.TiedEmbeddings ? [EmbeddingUnder(family.EmbeddingName, config)] : [EmbeddingUnder(family.EmbeddingName, config), Head(family, config)];
        SafetensorsWriter.Write(
            Path.Combine(folder, SafetensorsFolder.FileName), family.Tensors(config).Concat(tables).Select(t => (t.Name, t.View(weights), t.Shape)), dtype);
        WriteConfig(Path.Combine(folder, ConfigName), family, config, dtype, padded);
    }

    private static void WriteConfig(string path, CheckpointFamily family, ModelConfig config, ScalarType dtype, SubNetwork? padded)
    {
        JsonObject json = family.Write(config);
        json["architectures"] = new JsonArray(family.ClassName);
        json["bos_token_id"] = config.BosId;
        json["eos_token_id"] = config.OtherEosIds is { } others ? new JsonArray([.. others.Ids.Prepend(config.EosId!.Value).Select(id => (JsonNode)id)]) : config.EosId;
        json["model_type"] = family.Name;
        json["tie_word_embeddings"] = config.TiedEmbeddings;
        json["torch_dtype"] = dtype switch { ScalarType.Float32 => "float32", ScalarType.Float16 => "float16", _ => "bfloat16" };
        json["use_cache"] = true;
        json["vocab_size"] = config.VocabularySize;
        if (padded is not null) json["flextron_sub_network"] = JsonSerializer.SerializeToNode(padded, FlextronJson.Compact);
        KeyValuePair<string, JsonNode?>[] fields = [.. json.OrderBy(f => f.Key, StringComparer.Ordinal)];
        json.Clear();
        FlextronJson.WriteFile(path, new JsonObject(fields));
    }

    private static StoredTensor EmbeddingUnder(string name, ModelConfig config) => new(name, [config.VocabularySize, config.HiddenSize], w => w.Embedding_VC);

    private static StoredTensor Head(CheckpointFamily family, ModelConfig config) => new(family.HeadName, [config.VocabularySize, config.HiddenSize], w => w.Head_VC);

    // Everything that must be read, under the names that the folder uses, with the shapes that the configuration asks for: before anything is allocated.
    private static StoredTensor[] Check(CheckpointFamily family, ModelConfig config, SafetensorsFolder source)
    {
        string embedding = NameIn(source, family, family.EmbeddingName);
        bool hasEmbedding = source.Entries.ContainsKey(embedding), hasHead = source.Entries.ContainsKey(family.HeadName);
        List<StoredTensor> read = [.. family.Tensors(config).Select(t => t with { Name = NameIn(source, family, t.Name) })];
        // Tied models may store the shared table under either name, or under both.
        read.Add(config.TiedEmbeddings && !hasEmbedding && hasHead ? EmbeddingUnder(family.HeadName, config) : EmbeddingUnder(embedding, config));
        if (!config.TiedEmbeddings) read.Add(Head(family, config));
        var expected = read.ToDictionary(e => e.Name, e => e.Shape, StringComparer.Ordinal);
        if (hasHead) expected.TryAdd(family.HeadName, [config.VocabularySize, config.HiddenSize]);

        Refuse("lacks", [.. expected.Keys.Where(name => !source.Entries.ContainsKey(name))]);
        Refuse("has, beyond what its config.json describes,", [.. source.Entries.Keys.Where(name => !expected.ContainsKey(name) && !family.Derived.IsMatch(name))]);
        foreach ((string name, long[] shape) in expected)
        {
            SafetensorsEntry entry = source.Entries[name];
            if (!entry.Shape.SequenceEqual(shape))
                throw new FlextronException(
                    $"{source.Path}: {name} has shape [{string.Join(", ", entry.Shape)}] where config.json asks for [{string.Join(", ", shape)}]; "
                    + "weights and configuration are of different models.");
        }
        return [.. read];

        void Refuse(string verb, IReadOnlyList<string> names)
        {
            if (names.Count == 0) return;
            string shown = string.Join(", ", names.Order(StringComparer.Ordinal).Take(3).Select(n => n.Length <= 100 ? n : n[..100] + "…"));
            string rest = names.Count > 3 ? $" and {names.Count - 3} more tensors" : "";
            throw new FlextronException($"{source.Path} {verb} {shown}{rest}: weights and configuration are of different models.");
        }
    }

    private static string NameIn(SafetensorsFolder source, CheckpointFamily family, string name) =>
        family.OptionalPrefix is { } prefix && !source.Entries.ContainsKey(name) && name.StartsWith(prefix, StringComparison.Ordinal) && source.Entries.ContainsKey(name[prefix.Length..])
            ? name[prefix.Length..] : name;

    private static void RequireSameHead(SafetensorsFolder source, string head, string embedding, DecoderWeights weights)
    {
        if (!source.Equals(head, weights.Embedding_VC))
            throw new FlextronException($"{source.Path}: {head} and {embedding} differ although tie_word_embeddings is true; make it false in config.json to keep both.");
    }
}
