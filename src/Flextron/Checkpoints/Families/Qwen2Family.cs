using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>Qwen2 and Qwen2.5: Llama with biases on query, key and value, and a window that is hardly ever on.</summary>
internal class Qwen2Family : LlamaFamily
{
    public override string Name => "qwen2";

    public override string ClassName => "Qwen2ForCausalLM";

    protected override int AbsentContextLength => 32768;

    protected override int? AbsentKvGroupCount => 32;

    protected override DecoderArchitecture Architecture(ConfigFields fields) => new() { QueryKeyValueBias = true, SlidingWindow = Window(fields) };

    protected override void Write(DecoderArchitecture architecture, JsonObject json) => WriteWindow(architecture, json);

    /// <summary>The window, where all blocks have one.</summary>
    /// <exception cref="FlextronException">Only some have.</exception>
    protected static int? Window(ConfigFields fields)
    {
        if (!fields.Flag("use_sliding_window") || (fields.Has("sliding_window") ? fields.OptionalInteger("sliding_window") : 4096) is not { } window) return null;
        int blocks = fields.Integer("num_hidden_layers");
        int windowed = fields.Find("layer_types") is { ValueKind: JsonValueKind.Array } types
            ? types.EnumerateArray().Count(t => t.ValueKind == JsonValueKind.String && t.GetString() == "sliding_attention")
            : Math.Max(0, blocks - (fields.OptionalInteger("max_window_layers") ?? 28));
        if (windowed == 0) return null;
        if (windowed < blocks)
            throw new FlextronException($"{fields.Path}: a sliding window in {windowed} of {blocks} blocks is not supported; use a model with a window in all of them or in none.");
        return window;
    }

    /// <summary>Says so.</summary>
    protected static void WriteWindow(DecoderArchitecture architecture, JsonObject json)
    {
        json["use_sliding_window"] = architecture.SlidingWindow is not null;
        json["sliding_window"] = architecture.SlidingWindow;
        json["max_window_layers"] = 0;
    }
}
