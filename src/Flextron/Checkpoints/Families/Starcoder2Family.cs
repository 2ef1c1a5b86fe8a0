using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>StarCoder2: Llama with layer norms, an MLP without gates, biases everywhere, and perhaps a window.</summary>
internal sealed class Starcoder2Family : LlamaFamily
{
    public override string Name => "starcoder2";

    public override string ClassName => "Starcoder2ForCausalLM";

    protected override int AbsentContextLength => 4096;

    protected override int? AbsentKvGroupCount => 2;

    protected override string NormEpsilonName => "norm_epsilon";

    protected override double AbsentNormEpsilon => 1e-5;

    protected override bool AbsentTying => true;

    protected override string AbsentActivation => "gelu_pytorch_tanh";

    protected override string UpName => "c_fc";

    protected override string DownName => "c_proj";

    // Readers take the head size from hidden size and heads.
    protected override bool HasFreeHeadSize(RotaryFields rotary) => false;

    protected override DecoderArchitecture Architecture(ConfigFields fields)
    {
        bool biased = fields.Flag("use_bias", absent: true);
        return new DecoderArchitecture { Norm = NormKind.Layer, GatedMlp = false, QueryKeyValueBias = biased, OutputBias = biased, MlpBias = biased };
    }

    protected override (int? Size, BlockPattern? Unwindowed) Window(ConfigFields fields, BlockPattern? unrotated) => (fields.OptionalInteger("sliding_window"), null);

    protected override void Write(ModelConfig config, JsonObject json)
    {
        if (config.Architecture.Activation == ActivationKind.GeluTanh) json["hidden_act"] = AbsentActivation;
        json["sliding_window"] = config.Architecture.SlidingWindow;
        json["use_bias"] = config.Architecture.QueryKeyValueBias;
    }
}
