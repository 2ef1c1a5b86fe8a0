using Flextron.Mixers;
using Flextron.Models;
using Flextron.Pretraining;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>What a token costs behind a context, with attention and with linear mixers in its place.</summary>
internal sealed class ContextCostBenchmark : IBenchmark
{
    private const int Shortest = 256, Longest = 8192;
    private static readonly int[] Contexts = [Shortest, 1024, 4096, Longest];

    public string Group => "decode";

    public string Name => "context";

    public string Question =>
        "One token through libtorch behind 256 to 8,192 tokens of context (C 256, 4 blocks of 8 heads, D 768, vocabulary 512, random weights): attention in every block, and each linear mixer in its place. A state has the same size "
        + "behind any context, so the cost must not grow; attention reads all keys and values.";

    public void Measure(BenchmarkSession session)
    {
        ModelConfig config = new()
        {
            Family = "llama", VocabularySize = 512, HiddenSize = 256, BlockCount = 4, HeadCount = 8, KvGroupCount = 8, HeadSize = 32, NeuronCount = 768, ContextLength = 1 << 20, TiedEmbeddings = true,
        };
        using var noGrad = no_grad();
        foreach (MixerKind kind in Enum.GetValues<MixerKind>())
        {
            string name = MixerPattern.NameOf(kind);
            ModelConfig shape = kind == MixerKind.Attention ? config : config with { Mixers = MixerPattern.Of(kind, config.BlockCount, []) };
            using var model = new DecoderModel(BaseModelPretraining.Initialise(shape, 0.7, seed: 1));
            using Tensor token_BT = ones([1, 1], ScalarType.Int64);
            KvCache[] caches = [.. Contexts.Select(context => Filled(model, context))];
            try
            {
                CaseTimings times = session.Time([.. Contexts.Zip(caches, (context, cache) => new BenchmarkCase($"{context}", () =>
                {
                    model.ForwardLast(token_BT, model.FullNetwork, cache).Dispose();
                    // A state takes one more token at the same cost; keys and values go back to where they were.
                    if (kind == MixerKind.Attention) cache.TruncateTo(context);
                }))]);
                double[] growth = times.Ratio($"{Longest}", $"{Shortest}");
                session.Ratio($"{name}: {Longest:N0} over {Shortest} tokens", growth, kind == MixerKind.Attention ? null : BenchmarkBound.AtMost(1.15));
                foreach ((int context, KvCache cache) in Contexts.Zip(caches))
                {
                    session.Report($"{name}, {context} tokens", "ms", times.Of($"{context}"));
                    session.Report($"{name}, {context} tokens remembered in", "KiB", [cache.Bytes / 1024.0]);
                }
            }
            finally
            {
                foreach (KvCache cache in caches) cache.Dispose();
            }
        }
    }

    // Read in pieces: scores of all pairs at once would take memory that has nothing to do with the question.
    private static KvCache Filled(DecoderModel model, int context)
    {
        KvCache cache = model.NewCache(model.FullNetwork, 1, context + 1);
        for (int at = 0; at < context; at += Shortest)
        {
            using var scope = NewDisposeScope();
            long[] ids = [.. Enumerable.Range(at, Shortest).Select(i => i * 37L % model.Config.VocabularySize)];
            model.ForwardLast(tensor(ids).view(1, -1), model.FullNetwork, cache);
        }
        return cache;
    }
}
