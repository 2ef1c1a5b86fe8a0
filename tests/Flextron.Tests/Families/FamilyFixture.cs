using System.Text.Json.Nodes;
using Flextron.Checkpoints;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Families;

/// <summary>The committed tiny checkpoints with what <c>Fixtures/Families/generate.py</c>, an implementation of its own, says they compute.</summary>
internal static class FamilyFixture
{
    /// <summary>All of them.</summary>
    public static TheoryData<string> Names { get; } = ["llama3", "llama-biased", "llama-yarn", "mistral", "qwen2", "qwen2-windows", "qwen3", "smollm3", "phi3", "stablelm", "starcoder2", "granite", "gpt2", "gpt3", "gpt-neox", "gpt-neox-serial"];

    /// <summary>A checkpoint's folder.</summary>
    public static string Folder(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "Families", name);

    /// <summary>What the script expects.</summary>
    public static JsonNode Expected(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder(name), "expected.json")))!;

    /// <summary>Numbers of a JSON array.</summary>
    public static double[] Numbers(JsonNode node) => [.. node.AsArray().Select(v => (double)v!)];

    /// <summary>The ids that the script ran, [1, T].</summary>
    public static Tensor Ids(string name) => tensor(Expected(name)["ids"]!.AsArray().Select(v => (long)v!).ToArray()).unsqueeze(0);

    /// <summary>The model, optionally in double precision.</summary>
    public static DecoderModel Load(string name, ScalarType dtype = ScalarType.Float32)
    {
        DecoderWeights weights = CheckpointLoader.Load(Folder(name)).Weights;
        if (dtype == ScalarType.Float32) return new DecoderModel(weights);
        using (weights) return new DecoderModel(weights.Clone(dtype));
    }

    /// <summary>Legal sub-networks of every kind: uniform, mixed, parts and blocks skipped, and narrower residual streams.</summary>
    public static IEnumerable<SubNetwork> Networks(ModelConfig config)
    {
        int last = config.BlockCount - 1;
        SubNetwork Of(Func<int, BlockShape> shape, int? width = null) => new(Enumerable.Range(0, config.BlockCount).Select(shape), width);
        yield return SubNetwork.Full(config);
        yield return Of(_ => new BlockShape(1, 9));
        yield return Of(i => new BlockShape(i == 0 ? 1 : config.KvGroupCount, 7 + 8 * i));
        yield return Of(i => i == 0 ? new BlockShape(0, 12) : new BlockShape(1, i == last ? 0 : 5));
        yield return Of(i => i == last ? BlockShape.Skipped : new BlockShape(1, config.NeuronCount));
        yield return Of(_ => new BlockShape(config.KvGroupCount, 11), config.HiddenSize - 7);
        yield return Of(i => new BlockShape(1, 3 + i), 13);
    }

    /// <summary>Largest absolute difference.</summary>
    public static double Difference(Tensor a, Tensor b) => (a.to(ScalarType.Float64) - b.to(ScalarType.Float64)).abs().max().item<double>();
}
