using System.Text.RegularExpressions;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>
/// Llama checkpoints in the layout of Hugging Face transformers. This adapter is the only place that knows their names, and that they store the
/// output and down projections the other way round than <see cref="BlockWeights"/>; both use the rotate-half rotary layout.
/// </summary>
public static partial class HuggingFaceLlama
{
    private const string EmbeddingName = "model.embed_tokens.weight";
    private const string HeadName = "lm_head.weight";

    /// <summary>Reads the model's shape from <c>config.json</c>.</summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <exception cref="FlextronException">It is missing, malformed, or describes something that is not supported; the message names the value.</exception>
    public static ModelConfig ReadConfig(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return HuggingFaceConfig.Read(Path.Combine(folder, HuggingFaceConfig.FileName));
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
        using SafetensorsFolder source = SafetensorsFolder.Open(folder);
        // The header has been checked against the files' lengths, so shapes that match it cannot ask for more memory than the files justify.
        Check(config, source);
        using var scope = NewDisposeScope();
        DecoderWeights weights = DecoderWeights.Allocate(config, dtype, device);
        try
        {
            bool headOnly = config.TiedEmbeddings && !source.Entries.ContainsKey(EmbeddingName);
            foreach ((string name, Tensor tensor) in Named(weights))
                source.CopyTo(headOnly && name == EmbeddingName ? HeadName : name, tensor);
            if (config.TiedEmbeddings && !headOnly && source.Entries.ContainsKey(HeadName)) RequireSameHead(source, weights);
            return new LoadedCheckpoint(config, weights, CheckpointFormat.HuggingFace, Path.GetFullPath(folder));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes <c>model.safetensors</c> and <c>config.json</c> into a folder, each atomically; transformers opens it as <c>LlamaForCausalLM</c>.
    /// </summary>
    /// <param name="weights">The model.</param>
    /// <param name="folder">Created if needed.</param>
    /// <param name="dtype">Element type in the file: Float32, Float16 or BFloat16.</param>
    /// <param name="padded">Of a model padded with zeros, the sub-network that it is; noted in <c>config.json</c>, where other tools ignore it.</param>
    /// <exception cref="FlextronException">The folder cannot be written, or a value does not fit the type.</exception>
    public static void Save(DecoderWeights weights, string folder, ScalarType dtype = ScalarType.Float32, SubNetwork? padded = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(folder);
        weights.Config.RequireAttention("A LlamaForCausalLM", "keep it in the Flextron format, which this program reads");
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(Path.Combine(folder, SafetensorsFolder.FileName), Named(weights), dtype);
        HuggingFaceConfig.Write(Path.Combine(folder, HuggingFaceConfig.FileName), weights.Config, dtype, padded);
    }

    // Every tensor under its external name, as a view in the external orientation.
    private static IEnumerable<(string Name, Tensor Tensor)> Named(DecoderWeights weights)
    {
        yield return (EmbeddingName, weights.Embedding_VC);
        for (int i = 0; i < weights.Blocks.Count; i++)
        {
            BlockWeights block = weights.Blocks[i];
            string prefix = Prefix(i);
            yield return (prefix + "input_layernorm.weight", block.AttentionNorm_C);
            yield return (prefix + "self_attn.q_proj.weight", block.Query_QC);
            yield return (prefix + "self_attn.k_proj.weight", block.Key_KC);
            yield return (prefix + "self_attn.v_proj.weight", block.Value_KC);
            yield return (prefix + "self_attn.o_proj.weight", block.Output_QC.t());
            yield return (prefix + "post_attention_layernorm.weight", block.MlpNorm_C);
            yield return (prefix + "mlp.gate_proj.weight", block.Gate_DC);
            yield return (prefix + "mlp.up_proj.weight", block.Up_DC);
            yield return (prefix + "mlp.down_proj.weight", block.Down_DC.t());
        }
        yield return ("model.norm.weight", weights.FinalNorm_C);
        if (!weights.Config.TiedEmbeddings) yield return (HeadName, weights.Head_VC);
    }

    // The same names with the shapes that the configuration asks for, before anything is allocated.
    private static IEnumerable<(string Name, long[] Shape)> Expected(ModelConfig config)
    {
        long c = config.HiddenSize, d = config.NeuronCount;
        long q = (long)config.HeadCount * config.HeadSize, k = (long)config.KvGroupCount * config.HeadSize;
        for (int i = 0; i < config.BlockCount; i++)
        {
            string prefix = Prefix(i);
            yield return (prefix + "input_layernorm.weight", [c]);
            yield return (prefix + "self_attn.q_proj.weight", [q, c]);
            yield return (prefix + "self_attn.k_proj.weight", [k, c]);
            yield return (prefix + "self_attn.v_proj.weight", [k, c]);
            yield return (prefix + "self_attn.o_proj.weight", [c, q]);
            yield return (prefix + "post_attention_layernorm.weight", [c]);
            yield return (prefix + "mlp.gate_proj.weight", [d, c]);
            yield return (prefix + "mlp.up_proj.weight", [d, c]);
            yield return (prefix + "mlp.down_proj.weight", [c, d]);
        }
        yield return ("model.norm.weight", [c]);
    }

    private static void Check(ModelConfig config, SafetensorsFolder source)
    {
        long[] table = [config.VocabularySize, config.HiddenSize];
        bool hasEmbedding = source.Entries.ContainsKey(EmbeddingName), hasHead = source.Entries.ContainsKey(HeadName);
        var expected = Expected(config).ToDictionary(e => e.Name, e => e.Shape, StringComparer.Ordinal);
        // Tied models may store the shared table under either name, or under both.
        if (hasEmbedding || !config.TiedEmbeddings || !hasHead) expected.Add(EmbeddingName, table);
        if (hasHead || !config.TiedEmbeddings) expected.Add(HeadName, table);

        Refuse("lacks", [.. expected.Keys.Where(name => !source.Entries.ContainsKey(name))]);
        Refuse(
            "has, beyond what its config.json describes,",
            [.. source.Entries.Keys.Where(name => !expected.ContainsKey(name) && !Derived().IsMatch(name))]);
        foreach ((string name, long[] shape) in expected)
        {
            SafetensorsEntry entry = source.Entries[name];
            if (!entry.Shape.SequenceEqual(shape))
                throw new FlextronException(
                    $"{source.Path}: {name} has shape [{string.Join(", ", entry.Shape)}] where config.json asks for [{string.Join(", ", shape)}]; "
                    + "weights and configuration are of different models.");
        }

        void Refuse(string verb, IReadOnlyList<string> names)
        {
            if (names.Count == 0) return;
            string shown = string.Join(", ", names.Order(StringComparer.Ordinal).Take(3).Select(n => n.Length <= 100 ? n : n[..100] + "…"));
            string rest = names.Count > 3 ? $" and {names.Count - 3} more tensors" : "";
            throw new FlextronException($"{source.Path} {verb} {shown}{rest}: weights and configuration are of different models.");
        }
    }

    private static void RequireSameHead(SafetensorsFolder source, DecoderWeights weights)
    {
        using Tensor head = empty_like(weights.Embedding_VC);
        source.CopyTo(HeadName, head);
        if (!head.eq(weights.Embedding_VC).all().item<bool>())
            throw new FlextronException(
                $"{source.Path}: {HeadName} and {EmbeddingName} differ although tie_word_embeddings is true; make it false in config.json to keep both.");
    }

    private static string Prefix(int block) => $"model.layers.{block}.";

    // Rotary frequencies that old versions stored beside the weights; they follow from the configuration.
    [GeneratedRegex(@"^model\.layers\.[0-9]+\.self_attn\.rotary_emb\.inv_freq$")]
    private static partial Regex Derived();
}
