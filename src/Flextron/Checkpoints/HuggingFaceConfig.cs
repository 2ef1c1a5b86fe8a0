using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Models;
using Flextron.Storage;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>Translates between <see cref="ModelConfig"/> and the <c>config.json</c> of a Hugging Face <c>LlamaForCausalLM</c>.</summary>
internal static class HuggingFaceConfig
{
    public const string FileName = "config.json";

    /// <summary>Reads and checks a config.json.</summary>
    /// <exception cref="FlextronException">It describes something that this project's Llama does not compute; the message names the value.</exception>
    public static ModelConfig Read(string path)
    {
        var root = FlextronJson.ReadFile<JsonElement>(path, "model configuration");
        if (root.ValueKind != JsonValueKind.Object) throw new FlextronException($"{path} is not a JSON object: fetch it again.");
        try
        {
            return Parse(path, new Fields(path, root));
        }
        catch (InvalidOperationException e)
        {
            throw new FlextronException(
                $"{path} is not a readable model configuration: a text in it is not valid Unicode; fetch it again.", e);
        }
    }

    /// <summary>Writes a config.json that transformers opens as <c>LlamaForCausalLM</c>.</summary>
    public static void Write(string path, ModelConfig config, ScalarType dtype, SubNetwork? padded = null)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["attention_bias"] = false,
            ["attention_dropout"] = 0.0,
            ["bos_token_id"] = config.BosId,
            ["eos_token_id"] = config.EosId,
            ["head_dim"] = config.HeadSize,
            ["hidden_act"] = "silu",
            ["hidden_size"] = config.HiddenSize,
            ["initializer_range"] = 0.02,
            ["intermediate_size"] = config.NeuronCount,
            ["max_position_embeddings"] = config.ContextLength,
            ["mlp_bias"] = false,
            ["model_type"] = "llama",
            ["num_attention_heads"] = config.HeadCount,
            ["num_hidden_layers"] = config.BlockCount,
            ["num_key_value_heads"] = config.KvGroupCount,
            ["pretraining_tp"] = 1,
            ["rms_norm_eps"] = config.NormEpsilon,
            ["rope_scaling"] = null,
            ["rope_theta"] = config.RopeTheta,
            ["tie_word_embeddings"] = config.TiedEmbeddings,
            ["torch_dtype"] = dtype switch { ScalarType.Float32 => "float32", ScalarType.Float16 => "float16", _ => "bfloat16" },
            ["use_cache"] = true,
            ["vocab_size"] = config.VocabularySize,
        };
        if (padded is not null) json["flextron_sub_network"] = JsonSerializer.SerializeToNode(padded, FlextronJson.Compact);
        FlextronJson.WriteFile(path, json);
    }

    private static ModelConfig Parse(string path, Fields fields)
    {
        RefuseWhatIsNotComputed(path, fields);
        int hidden = fields.Integer("hidden_size"), heads = fields.Integer("num_attention_heads");
        int? headSize = fields.OptionalInteger("head_dim");
        if (headSize is null && (heads <= 0 || hidden % heads != 0))
            throw new FlextronException(
                $"{path}: hidden_size {hidden} cannot be split among num_attention_heads {heads}, and there is no head_dim; correct one of them.");
        int vocabulary = fields.Integer("vocab_size");
        return new ModelConfig
        {
            Family = "llama",
            VocabularySize = vocabulary,
            HiddenSize = hidden,
            BlockCount = fields.Integer("num_hidden_layers"),
            HeadCount = heads,
            KvGroupCount = fields.OptionalInteger("num_key_value_heads") ?? heads,
            HeadSize = headSize ?? hidden / heads,
            NeuronCount = fields.Integer("intermediate_size"),
            ContextLength = fields.OptionalInteger("max_position_embeddings") ?? 2048,
            NormEpsilon = fields.OptionalNumber("rms_norm_eps") ?? 1e-6,
            RopeTheta = Rope(path, fields),
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
            BosId = fields.TokenId("bos_token_id", vocabulary),
            EosId = fields.TokenId("eos_token_id", vocabulary),
        }.Validated(path);
    }

    private static void RefuseWhatIsNotComputed(string path, Fields fields)
    {
        string? family = fields.Text("model_type");
        if (family != "llama")
            throw new FlextronException($"{path}: model_type {Shown(family)} is not supported; use a model of type llama.");
        if (fields.Find("architectures") is { ValueKind: JsonValueKind.Array } architectures
            && !architectures.EnumerateArray().Any(a => a.ValueKind == JsonValueKind.String && a.GetString() == "LlamaForCausalLM"))
            throw new FlextronException(
                $"{path}: architectures {Shown(architectures.GetRawText())} is not supported; use a LlamaForCausalLM.");
        string activation = fields.Text("hidden_act") ?? "silu";
        if (activation is not ("silu" or "swish"))
            throw new FlextronException($"{path}: hidden_act {Shown(activation)} is not supported; use a model with silu.");
        foreach (string bias in (string[])["attention_bias", "mlp_bias"])
            if (fields.Flag(bias)) throw new FlextronException($"{path}: {bias} true is not supported; use a model without biases.");
        if (fields.Find("quantization_config") is not null)
            throw new FlextronException($"{path}: quantization_config is not supported; use the model's F32, F16 or BF16 weights.");
    }

    // Older files keep rope_theta beside a rope_scaling; since transformers 5 both are in rope_parameters.
    private static double Rope(string path, Fields fields)
    {
        double? theta = fields.OptionalNumber("rope_theta");
        foreach (string place in (string[])["rope_scaling", "rope_parameters"])
        {
            if (fields.Find(place) is not { } element) continue;
            if (element.ValueKind != JsonValueKind.Object)
                throw new FlextronException($"{path}: {place} is not an object; correct it or make it null.");
            var rope = new Fields(path, element);
            string kind = rope.Text("rope_type") ?? rope.Text("type") ?? "default";
            if (kind != "default")
                throw new FlextronException(
                    $"{path}: {place} of kind {Shown(kind)} is not supported; use a model with plain rotary positions (null or default).");
            theta = rope.OptionalNumber("rope_theta") ?? theta;
            RefusePartialRotation(path, rope);
        }
        RefusePartialRotation(path, fields);
        return theta ?? 10000;
    }

    private static void RefusePartialRotation(string path, Fields fields)
    {
        if (fields.OptionalNumber("partial_rotary_factor") is { } factor && factor != 1)
            throw new FlextronException($"{path}: partial_rotary_factor {factor} is not supported; use a model that rotates whole heads.");
    }

    private static string Shown(string? value) =>
        value is null ? "(absent)" : $"'{(value.Length <= 60 ? value : value[..60] + "…").ReplaceLineEndings(" ")}'";

    // Typed access; null and absence are the same, as in transformers.
    private sealed class Fields(string path, JsonElement root)
    {
        public JsonElement? Find(string name) =>
            root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

        public int Integer(string name) =>
            OptionalInteger(name) ?? throw new FlextronException($"{path}: {name} is missing; a Llama needs it.");

        public int? OptionalInteger(string name) => Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int number) => number,
            { } value => throw Wrong(name, value, "a whole number"),
        };

        public double? OptionalNumber(string name) => Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out double number) => number,
            { } value => throw Wrong(name, value, "a number"),
        };

        public bool Flag(string name) => Find(name) switch
        {
            null => false,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            { } value => throw Wrong(name, value, "true or false"),
        };

        public string? Text(string name) => Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } value => value.GetString(),
            { } value => throw Wrong(name, value, "a text"),
        };

        // One id or a list of them, of which the first is the model's own; negative means none.
        public int? TokenId(string name, int vocabulary)
        {
            JsonElement? value = Find(name);
            if (value is { ValueKind: JsonValueKind.Array } list) value = list.GetArrayLength() == 0 ? null : list[0];
            if (value is null) return null;
            if (value is not { ValueKind: JsonValueKind.Number } || !value.Value.TryGetInt32(out int id))
                throw Wrong(name, value.Value, "a token id");
            if (id >= vocabulary)
                throw new FlextronException($"{path}: {name} {id} is outside the vocabulary of {vocabulary}; correct it or make it null.");
            return id < 0 ? null : id;
        }

        private FlextronException Wrong(string name, JsonElement value, string needed) =>
            new($"{path}: {name} {Shown(value.GetRawText())} is not {needed}; correct it.");
    }
}
