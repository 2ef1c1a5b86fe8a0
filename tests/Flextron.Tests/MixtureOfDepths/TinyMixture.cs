using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.MixtureOfDepths;

/// <summary>A random model of four blocks with random routers.</summary>
internal static class TinyMixture
{
    public const int Batch = 3, Time = 12;

    public static ModelConfig Config { get; } = RandomLlama.TinyConfig() with { BlockCount = 4 };

    public static MixtureSettings Settings { get; } = new() { Capacity = 0.25, PredictorNeurons = 8, InitialScale = 0.7 };

    public static MixtureModel Create(MixtureSettings? settings = null, int seed = 1) => new(
        new DecoderModel(RandomLlama.Create(Config, seed).ToDecoderWeights(Config)), DepthRouters.Fresh(Config, settings ?? Settings, seed));

    /// <summary>Ids of a batch, row by row.</summary>
    public static long[][] Rows { get; } = [.. Enumerable.Range(0, Batch).Select(b => Enumerable.Range(0, Time).Select(t => (long)((t * t * 5 + 7 * b + 3 * t) % 23)).ToArray())];

    public static Tensor Ids() => tensor(Rows.SelectMany(r => r).ToArray(), [Batch, Time]);

    /// <summary>Random decisions for the routed blocks, among them rows where nothing passes.</summary>
    public static Dictionary<int, bool[][]> Decisions(MixtureModel mixture, Random random) => mixture.RoutedBlocks.ToDictionary(
        i => i, _ => Enumerable.Range(0, Batch).Select(_ => Draw(random, random.NextDouble())).ToArray());

    /// <summary>The k highest of one sequence, by sorting.</summary>
    public static bool[] Top(double[] logits, int k)
    {
        HashSet<int> top = [.. Enumerable.Range(0, logits.Length).OrderByDescending(t => logits[t]).Take(k)];
        return [.. Enumerable.Range(0, logits.Length).Select(top.Contains)];
    }

    private static bool[] Draw(Random random, double share) => [.. Enumerable.Range(0, Time).Select(_ => random.NextDouble() < share)];
}
