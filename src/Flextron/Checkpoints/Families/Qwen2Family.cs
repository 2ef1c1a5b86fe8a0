using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>Qwen2 and Qwen2.5: Llama with biases on query, key and value, and windows in some blocks that are hardly ever on.</summary>
internal class Qwen2Family : LlamaFamily
{
    public override string Name => "qwen2";

    public override string ClassName => "Qwen2ForCausalLM";

    protected override int AbsentContextLength => 32768;

    protected override int? AbsentKvGroupCount => 32;

    protected override DecoderArchitecture Architecture(ConfigFields fields) => new() { QueryKeyValueBias = true };

    protected override (int? Size, BlockPattern? Unwindowed) Window(ConfigFields fields, BlockPattern? unrotated) => WindowFields.Read(
        fields, absentSize: 4096, block => block >= (fields.OptionalInteger("max_window_layers") ?? 28));

    protected override void Write(ModelConfig config, JsonObject json)
    {
        WindowFields.Write(config, json);
        // Readers that do not know the types go by this: the first block with a window.
        json["max_window_layers"] = config.Architecture.SlidingWindow is null ? config.BlockCount : config.UnwindowedBlocks?.Flags.IndexOf(false) ?? 0;
    }
}
