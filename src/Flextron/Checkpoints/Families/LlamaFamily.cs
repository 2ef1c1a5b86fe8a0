using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints.Families;

/// <summary>
/// Llama 1, 2 and 3. Output and down projections are stored the other way round than <see cref="BlockWeights"/>; both use the rotate-half rotary
/// layout. Families that descend from it differ in a few fields.
/// </summary>
internal partial class LlamaFamily : CheckpointFamily
{
    public override string Name => "llama";

    public override string ClassName => "LlamaForCausalLM";

    public override string EmbeddingName => "model.embed_tokens.weight";

    public override string HeadName => "lm_head.weight";

    public override Regex Derived => RotaryFrequencies();

    public override ModelConfig Read(ConfigFields fields)
    {
        int heads = fields.Integer("num_attention_heads");
        int? headSize = fields.OptionalInteger("head_dim") ?? AbsentHeadSize;
        int context = fields.OptionalInteger("max_position_embeddings") ?? AbsentContextLength;
        RotaryFields rotary = Rotary(fields, context);
        if (rotary.Share != 1 && !RotatesParts)
            throw new FlextronException($"{fields.Path}: partial_rotary_factor {rotary.Share} is not supported in this family; use a model that rotates whole heads.");
        headSize ??= HeadSize(fields, "hidden_size", "num_attention_heads", explicitly: true);
        BlockPattern? unrotated = Unrotated(fields);
        (int? window, BlockPattern? unwindowed) = Window(fields, unrotated);
        return new ModelConfig
        {
            Family = Name,
            Architecture = Architecture(fields) with
            {
                RotarySize = rotary.Share == 1 ? null : (int)(headSize.Value * rotary.Share),
                RopeScaling = rotary.Scaling,
                SlidingWindow = window,
                Activation = Activation(fields, "hidden_act", AbsentActivation),
                FreeHeadSize = HasFreeHeadSize(rotary),
            },
            UnwindowedBlocks = unwindowed,
            UnrotatedBlocks = unrotated,
            VocabularySize = fields.Integer("vocab_size"),
            HiddenSize = fields.Integer("hidden_size"),
            BlockCount = fields.Integer("num_hidden_layers"),
            HeadCount = heads,
            KvGroupCount = fields.OptionalInteger("num_key_value_heads") ?? (fields.Has("num_key_value_heads") ? heads : AbsentKvGroupCount ?? heads),
            HeadSize = headSize.Value,
            NeuronCount = fields.Integer("intermediate_size"),
            ContextLength = rotary.Context(context),
            NormEpsilon = fields.OptionalNumber(NormEpsilonName) ?? AbsentNormEpsilon,
            RopeTheta = rotary.Theta,
            TiedEmbeddings = fields.Flag("tie_word_embeddings", AbsentTying),
        };
    }

    public override JsonObject Write(ModelConfig config)
    {
        var json = new JsonObject
        {
            ["attention_dropout"] = 0.0,
            ["head_dim"] = config.HeadSize,
            ["hidden_act"] = NameOf(config.Architecture.Activation),
            ["hidden_size"] = config.HiddenSize,
            ["initializer_range"] = 0.02,
            ["intermediate_size"] = config.NeuronCount,
            ["max_position_embeddings"] = RotaryFields.NamedContext(config),
            ["num_attention_heads"] = config.HeadCount,
            ["num_hidden_layers"] = config.BlockCount,
            ["num_key_value_heads"] = config.KvGroupCount,
            [NormEpsilonName] = config.NormEpsilon,
            ["rope_scaling"] = RotaryFields.Write(config.Architecture.RopeScaling),
            ["rope_theta"] = config.RopeTheta,
        };
        Write(config, json);
        return json;
    }

    public override IEnumerable<StoredTensor> Tensors(ModelConfig config)
    {
        long c = config.HiddenSize, d = config.NeuronCount, h = config.HeadSize;
        long q = (long)config.HeadCount * h, k = (long)config.KvGroupCount * h;
        (string Name, BlockTensor Kind, long[] Shape)[] parts =
        [
            ("input_layernorm.weight", BlockTensor.AttentionNorm, [c]),
            ("input_layernorm.bias", BlockTensor.AttentionNormBias, [c]),
            ("self_attn.q_proj.weight", BlockTensor.Query, [q, c]),
            ("self_attn.q_proj.bias", BlockTensor.QueryBias, [q]),
            ("self_attn.q_norm.weight", BlockTensor.QueryNorm, [h]),
            ("self_attn.k_proj.weight", BlockTensor.Key, [k, c]),
            ("self_attn.k_proj.bias", BlockTensor.KeyBias, [k]),
            ("self_attn.k_norm.weight", BlockTensor.KeyNorm, [h]),
            ("self_attn.v_proj.weight", BlockTensor.Value, [k, c]),
            ("self_attn.v_proj.bias", BlockTensor.ValueBias, [k]),
            ("self_attn.o_proj.weight", BlockTensor.Output, [c, q]),
            ("self_attn.o_proj.bias", BlockTensor.OutputBias, [c]),
            ("post_attention_layernorm.weight", BlockTensor.MlpNorm, [c]),
            ("post_attention_layernorm.bias", BlockTensor.MlpNormBias, [c]),
            ("mlp.gate_proj.weight", BlockTensor.Gate, [d, c]),
            ("mlp.gate_proj.bias", BlockTensor.GateBias, [d]),
            ($"mlp.{UpName}.weight", BlockTensor.Up, [d, c]),
            ($"mlp.{UpName}.bias", BlockTensor.UpBias, [d]),
            ($"mlp.{DownName}.weight", BlockTensor.Down, [c, d]),
            ($"mlp.{DownName}.bias", BlockTensor.DownBias, [c]),
        ];
        HashSet<BlockTensor> present = [.. BlockLayout.Of(config.Architecture)];
        for (int i = 0; i < config.BlockCount; i++)
        {
            int block = i;
            foreach ((string name, BlockTensor kind, long[] shape) in parts.Where(p => present.Contains(p.Kind)))
                yield return new StoredTensor($"model.layers.{i}.{name}", shape, w =>
                    kind is BlockTensor.Output or BlockTensor.Down ? w.Blocks[block].Of(kind).t() : w.Blocks[block].Of(kind));
        }
        yield return new StoredTensor("model.norm.weight", [c], w => w.FinalNorm_C);
        if (config.Architecture.Norm == NormKind.Layer) yield return new StoredTensor("model.norm.bias", [c], w => w.FinalNormBias_C!);
    }

    /// <summary>The head size where the configuration names none; null: hidden size by number of heads.</summary>
    protected virtual int? AbsentHeadSize => null;

    /// <summary>The key/value heads where the configuration does not mention them; null: as many as heads, which is also what their being null means.</summary>
    protected virtual int? AbsentKvGroupCount => null;

    /// <summary>The context where the configuration names none.</summary>
    protected virtual int AbsentContextLength => 2048;

    /// <summary>The field of the norms' epsilon.</summary>
    protected virtual string NormEpsilonName => "rms_norm_eps";

    /// <summary>The non-linearity where the configuration names none.</summary>
    protected virtual string AbsentActivation => "silu";

    /// <summary>Name of the up projection.</summary>
    protected virtual string UpName => "up_proj";

    /// <summary>Name of the down projection.</summary>
    protected virtual string DownName => "down_proj";

    /// <summary>The norms' epsilon where the configuration names none.</summary>
    protected virtual double AbsentNormEpsilon => 1e-6;

    /// <summary>Whether the head is the embedding where the configuration does not say.</summary>
    protected virtual bool AbsentTying => false;

    /// <summary>Whether the family may rotate a part of every head.</summary>
    protected virtual bool RotatesParts => false;

    /// <summary>How positions are rotated.</summary>
    protected virtual RotaryFields Rotary(ConfigFields fields, int contextLength) => RotaryFields.Read(fields, contextLength);

    /// <summary>Whether a checkpoint can have heads of any size, whatever its hidden size.</summary>
    protected virtual bool HasFreeHeadSize(RotaryFields rotary) => true;

    /// <summary>Blocks that do not rotate.</summary>
    protected virtual BlockPattern? Unrotated(ConfigFields fields) => null;

    /// <summary>The sliding window, and the blocks that have none where others have one.</summary>
    protected virtual (int? Size, BlockPattern? Unwindowed) Window(ConfigFields fields, BlockPattern? unrotated) => (null, null);

    /// <summary>What else distinguishes the family's blocks.</summary>
    protected virtual DecoderArchitecture Architecture(ConfigFields fields)
    {
        bool attention = fields.Flag("attention_bias");
        return new DecoderArchitecture { QueryKeyValueBias = attention, OutputBias = attention, MlpBias = fields.Flag("mlp_bias") };
    }

    /// <summary>The fields that say all this.</summary>
    protected virtual void Write(ModelConfig config, JsonObject json)
    {
        json["attention_bias"] = config.Architecture.QueryKeyValueBias;
        json["mlp_bias"] = config.Architecture.MlpBias;
        json["pretraining_tp"] = 1;
    }

    [GeneratedRegex(@"^model\.layers\.[0-9]+\.self_attn\.rotary_emb\.inv_freq$")]
    private static partial Regex RotaryFrequencies();
}
