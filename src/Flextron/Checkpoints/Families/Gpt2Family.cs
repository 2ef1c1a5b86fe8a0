using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints.Families;

/// <summary>
/// GPT-2, and models of the GPT-3 shape in its format. Projections are stored [in, out]; query, key and value are the column ranges of one tensor. The head
/// size is always hidden size by number of heads.
/// </summary>
internal sealed partial class Gpt2Family : CheckpointFamily
{
    public override string Name => "gpt2";

    public override string ClassName => "GPT2LMHeadModel";

    public override string EmbeddingName => "transformer.wte.weight";

    public override string HeadName => "lm_head.weight";

    public override string? OptionalPrefix => "transformer.";

    public override Regex Derived => CausalMasks();

    public override ModelConfig Read(ConfigFields fields)
    {
        fields.Require("scale_attn_weights", needed: true);
        fields.Require("scale_attn_by_inverse_layer_idx", needed: false);
        fields.Require("add_cross_attention", needed: false);
        (int hidden, int heads) = (fields.Integer("n_embd"), fields.Integer("n_head"));
        return new ModelConfig
        {
            Family = Name,
            Architecture = new DecoderArchitecture
            {
                Norm = NormKind.Layer,
                QueryKeyValueBias = true,
                OutputBias = true,
                MlpBias = true,
                GatedMlp = false,
                Activation = Activation(fields, "activation_function", "gelu_new"),
                LearnedPositions = true,
                FreeHeadSize = false,
            },
            VocabularySize = fields.Integer("vocab_size"),
            HiddenSize = hidden,
            BlockCount = fields.Integer("n_layer"),
            HeadCount = heads,
            KvGroupCount = heads,
            HeadSize = HeadSize(fields, "n_embd", "n_head", explicitly: false),
            NeuronCount = fields.OptionalInteger("n_inner") ?? (int)Math.Min(int.MaxValue, 4L * hidden),
            ContextLength = fields.OptionalInteger("n_positions") ?? fields.OptionalInteger("n_ctx") ?? 1024,
            NormEpsilon = fields.OptionalNumber("layer_norm_epsilon") ?? 1e-5,
            TiedEmbeddings = fields.Flag("tie_word_embeddings", absent: true),
        };
    }

    public override JsonObject Write(ModelConfig config) => new()
    {
        ["activation_function"] = config.Architecture.Activation == ActivationKind.GeluTanh ? "gelu_new" : NameOf(config.Architecture.Activation),
        ["attn_pdrop"] = 0.0,
        ["embd_pdrop"] = 0.0,
        ["initializer_range"] = 0.02,
        ["layer_norm_epsilon"] = config.NormEpsilon,
        ["n_ctx"] = config.ContextLength,
        ["n_embd"] = config.HiddenSize,
        ["n_head"] = config.HeadCount,
        ["n_inner"] = config.NeuronCount,
        ["n_layer"] = config.BlockCount,
        ["n_positions"] = config.ContextLength,
        ["resid_pdrop"] = 0.0,
        ["scale_attn_weights"] = true,
    };

    public override IEnumerable<StoredTensor> Tensors(ModelConfig config)
    {
        long c = config.HiddenSize, d = config.NeuronCount;
        yield return new StoredTensor("transformer.wpe.weight", [config.ContextLength, c], w => w.Positions_TC!);
        for (int i = 0; i < config.BlockCount; i++)
        {
            int block = i;
            StoredTensor Part(string name, long[] shape, Func<BlockWeights, Tensor> view) => new($"transformer.h.{block}.{name}", shape, w => view(w.Blocks[block]));
            yield return Part("ln_1.weight", [c], b => b.AttentionNorm_C);
            yield return Part("ln_1.bias", [c], b => b.AttentionNormBias_C!);
            yield return new StoredTensor($"transformer.h.{i}.attn.c_attn.weight", [c, 3 * c], w => w.QueryKeyValue(block).t());
            yield return new StoredTensor($"transformer.h.{i}.attn.c_attn.bias", [3 * c], w => w.QueryKeyValueBias(block));
            yield return Part("attn.c_proj.weight", [c, c], b => b.Output_QC);
            yield return Part("attn.c_proj.bias", [c], b => b.OutputBias_C!);
            yield return Part("ln_2.weight", [c], b => b.MlpNorm_C);
            yield return Part("ln_2.bias", [c], b => b.MlpNormBias_C!);
            yield return Part("mlp.c_fc.weight", [c, d], b => b.Up_DC.t());
            yield return Part("mlp.c_fc.bias", [d], b => b.UpBias_D!);
            yield return Part("mlp.c_proj.weight", [d, c], b => b.Down_DC);
            yield return Part("mlp.c_proj.bias", [c], b => b.DownBias_C!);
        }
        yield return new StoredTensor("transformer.ln_f.weight", [c], w => w.FinalNorm_C);
        yield return new StoredTensor("transformer.ln_f.bias", [c], w => w.FinalNormBias_C!);
    }

    [GeneratedRegex(@"^(transformer\.)?h\.[0-9]+\.attn\.(masked_)?bias$")]
    private static partial Regex CausalMasks();
}
