using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Reading a prompt: the decode engine's blocks against libtorch.</summary>
internal sealed class PrefillBenchmark : IBenchmark
{
    private static readonly int[] Lengths = [128, 512];

    public string Group => "decode";

    public string Name => "prefill";

    public string Question =>
        $"Prompts of {string.Join(" and ", Lengths)} tokens of the 110M-parameter Llama shape, with a KV cache, on all processors: the decode engine (blocks of tokens share each reading of the weights) against libtorch on the same float32 "
        + "weights; the engine's other formats against its float32.";

    public void Measure(BenchmarkSession session)
    {
        using DecoderModel model = DecodeShape.RandomModel(DecodeShape.Config);
        WeightFormat[] formats = [WeightFormat.Float32, WeightFormat.BFloat16, WeightFormat.Int8];
        var engines = formats.ToDictionary(f => f, f => new DecodeEngine(model, f));
        var sessions = engines.ToDictionary(e => e.Key, e => e.Value.NewSession(Lengths[^1]));
        try
        {
            CaseTimings times = session.Time([.. Lengths.SelectMany(n => formats.Select(f => Engine(f, n)).Append(Libtorch(n)))]);
            foreach (int n in Lengths)
            {
                session.Ratio($"{n} tokens: engine tokens/s / libtorch tokens/s", times.Ratio($"libtorch {n}", $"{WeightFormat.Float32} {n}"), BenchmarkBound.AtLeast(0.9));
                foreach (WeightFormat f in formats[1..])
                    session.Ratio($"{n} tokens: {f} tokens/s / float32 tokens/s", times.Ratio($"{WeightFormat.Float32} {n}", $"{f} {n}"), BenchmarkBound.AtLeast(0.95));
                foreach (string name in formats.Select(f => f.ToString()).Append("libtorch")) session.Report($"{name}, {n} tokens", "tokens/s", times.Rate($"{name} {n}", n, 1));
            }
        }
        finally
        {
            foreach (DecodeSession s in sessions.Values) s.Dispose();
            foreach (DecodeEngine e in engines.Values) e.Dispose();
        }

        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(i => i * 37 % model.Config.VocabularySize)];

        BenchmarkCase Engine(WeightFormat format, int length)
        {
            int[] ids = Ids(length);
            return new BenchmarkCase($"{format} {length}", () =>
            {
                sessions[format].Reset();
                sessions[format].Prefill(ids);
            });
        }

        BenchmarkCase Libtorch(int length)
        {
            long[] ids = Array.ConvertAll(Ids(length), i => (long)i);
            return new BenchmarkCase($"libtorch {length}", () =>
            {
                using var noGrad = no_grad();
                using Tensor ids_BT = tensor(ids, [1, length]);
                using KvCache cache = model.NewCache(model.FullNetwork, 1, length);
                model.ForwardLast(ids_BT, model.FullNetwork, cache).Dispose();
            });
        }
    }
}
