using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>Mistral: Llama with a sliding window, of 4,096 tokens where the configuration does not mention one.</summary>
internal sealed class MistralFamily : LlamaFamily
{
    public override string Name => "mistral";

    public override string ClassName => "MistralForCausalLM";

    protected override int AbsentContextLength => 4096 * 32;

    protected override int? AbsentKvGroupCount => 8;

    protected override DecoderArchitecture Architecture(ConfigFields fields) => new();

    protected override (int? Size, BlockPattern? Unwindowed) Window(ConfigFields fields, BlockPattern? unrotated) =>
        (fields.Has("sliding_window") ? fields.OptionalInteger("sliding_window") : 4096, null);

    protected override void Write(ModelConfig config, JsonObject json) => json["sliding_window"] = config.Architecture.SlidingWindow;
}
