using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints.Families;

/// <summary>
/// GPT-NeoX and Pythia. Query, key and value are one tensor in which every head has its own three parts one after the other. The head size is always hidden
/// size by number of heads.
/// </summary>
internal sealed partial class GptNeoXFamily : CheckpointFamily
{
    public override string Name => "gpt_neox";

    public override string ClassName => "GPTNeoXForCausalLM";

    public override string EmbeddingName => "gpt_neox.embed_in.weight";

    public override string HeadName => "embed_out.weight";

    public override Regex Derived => MasksAndFrequencies();

    public override ModelConfig Read(ConfigFields fields)
    {
        int heads = fields.Integer("num_attention_heads"), headSize = HeadSize(fields, "hidden_size", "num_attention_heads", explicitly: false);
        int context = fields.OptionalInteger("max_position_embeddings") ?? 2048;
        RotaryFields rotary = RotaryFields.Read(fields, context, "rotary_emb_base", "rotary_pct", share: 0.25);
        bool biased = fields.Flag("attention_bias", absent: true);
        return new ModelConfig
        {
            Family = Name,
            Architecture = new DecoderArchitecture
            {
                Norm = NormKind.Layer,
                QueryKeyValueBias = biased,
                OutputBias = biased,
                MlpBias = true,
                GatedMlp = false,
                Activation = Activation(fields, "hidden_act", "gelu"),
                RotarySize = rotary.Share is >= 0 and <= 1 ? (int)(headSize * rotary.Share)
                    : throw new FlextronException($"{fields.Path}: rotary_pct {rotary.Share} is not a share of a head; correct it."),
                RopeScaling = rotary.Scaling,
                ParallelResidual = fields.Flag("use_parallel_residual", absent: true),
                FreeHeadSize = false,
            },
            VocabularySize = fields.Integer("vocab_size"),
            HiddenSize = fields.Integer("hidden_size"),
            BlockCount = fields.Integer("num_hidden_layers"),
            HeadCount = heads,
            KvGroupCount = heads,
            HeadSize = headSize,
            NeuronCount = fields.Integer("intermediate_size"),
            ContextLength = rotary.Context(context),
            NormEpsilon = fields.OptionalNumber("layer_norm_eps") ?? 1e-5,
            RopeTheta = rotary.Theta,
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
        };
    }

    public override JsonObject Write(ModelConfig config) => new()
    {
        ["attention_bias"] = config.Architecture.QueryKeyValueBias,
        ["attention_dropout"] = 0.0,
        ["hidden_act"] = NameOf(config.Architecture.Activation),
        ["hidden_dropout"] = 0.0,
        ["hidden_size"] = config.HiddenSize,
        ["initializer_range"] = 0.02,
        ["intermediate_size"] = config.NeuronCount,
        ["layer_norm_eps"] = config.NormEpsilon,
        ["max_position_embeddings"] = RotaryFields.NamedContext(config),
        ["num_attention_heads"] = config.HeadCount,
        ["num_hidden_layers"] = config.BlockCount,
        ["rope_scaling"] = RotaryFields.Write(config.Architecture.RopeScaling),
        ["rotary_emb_base"] = config.RopeTheta,
        ["rotary_pct"] = RotaryFields.ShareOf(config),
        ["use_parallel_residual"] = config.Architecture.ParallelResidual,
    };

    public override IEnumerable<StoredTensor> Tensors(ModelConfig config)
    {
        long c = config.HiddenSize, d = config.NeuronCount, heads = config.HeadCount, h = config.HeadSize;
        for (int i = 0; i < config.BlockCount; i++)
        {
            int block = i;
            StoredTensor Part(string name, long[] shape, Func<BlockWeights, Tensor> view) => new($"gpt_neox.layers.{block}.{name}", shape, w => view(w.Blocks[block]));
            yield return Part("input_layernorm.weight", [c], b => b.AttentionNorm_C);
            yield return Part("input_layernorm.bias", [c], b => b.AttentionNormBias_C!);
            yield return new StoredTensor($"gpt_neox.layers.{i}.attention.query_key_value.weight", [3 * c, c], w => w.QueryKeyValue(block).view(3, heads, h, c).transpose(0, 1));
            yield return Part("attention.dense.weight", [c, c], b => b.Output_QC.t());
            if (config.Architecture.QueryKeyValueBias)
            {
                yield return new StoredTensor($"gpt_neox.layers.{i}.attention.query_key_value.bias", [3 * c], w => w.QueryKeyValueBias(block).view(3, heads, h).transpose(0, 1));
                yield return Part("attention.dense.bias", [c], b => b.OutputBias_C!);
            }
            yield return Part("post_attention_layernorm.weight", [c], b => b.MlpNorm_C);
            yield return Part("post_attention_layernorm.bias", [c], b => b.MlpNormBias_C!);
            yield return Part("mlp.dense_h_to_4h.weight", [d, c], b => b.Up_DC);
            yield return Part("mlp.dense_h_to_4h.bias", [d], b => b.UpBias_D!);
            yield return Part("mlp.dense_4h_to_h.weight", [c, d], b => b.Down_DC.t());
            yield return Part("mlp.dense_4h_to_h.bias", [c], b => b.DownBias_C!);
        }
        yield return new StoredTensor("gpt_neox.final_layer_norm.weight", [c], w => w.FinalNorm_C);
        yield return new StoredTensor("gpt_neox.final_layer_norm.bias", [c], w => w.FinalNormBias_C!);
    }

    [GeneratedRegex(@"^gpt_neox\.layers\.[0-9]+\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$")]
    private static partial Regex MasksAndFrequencies();
}
