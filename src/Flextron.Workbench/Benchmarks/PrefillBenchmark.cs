using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Reading a prompt: the decode engine's blocks against libtorch.</summary>
internal sealed class PrefillBenchmark : IBenchmark
{
    private const int Tokens = 128;

    public string Group => "decode";

    public string Name => "prefill";

    public string Question =>
        $"A prompt of {Tokens} tokens of the 110M-parameter Llama shape, with a KV cache, on all processors: the decode engine (blocks of tokens share each reading of the weights) against libtorch on the same float32 weights.";

    public void Measure(BenchmarkSession session)
    {
        using DecoderModel model = DecodeShape.RandomModel(DecodeShape.Config);
        int[] ids = [.. Enumerable.Range(0, Tokens).Select(i => i * 37 % model.Config.VocabularySize)];
        using Tensor ids_BT = tensor(Array.ConvertAll(ids, i => (long)i)).unsqueeze(0);
        using DecodeEngine engine = new(model), small = new(model, WeightFormat.Int8);
        using DecodeSession full = engine.NewSession(Tokens), bytes = small.NewSession(Tokens);
        void ThroughLibtorch()
        {
            using var noGrad = no_grad();
            using KvCache cache = model.NewCache(model.FullNetwork, 1, Tokens);
            model.ForwardLast(ids_BT, model.FullNetwork, cache).Dispose();
        }

        static BenchmarkCase Prefill(string name, DecodeSession session, int[] ids) => new(name, () =>
        {
            session.Reset();
            session.Prefill(ids);
        });

        CaseTimings times = session.Time(Prefill("float32", full, ids), Prefill("int8", bytes, ids), new BenchmarkCase("libtorch", ThroughLibtorch));
        session.Ratio("engine tokens/s / libtorch tokens/s", times.Ratio("libtorch", "float32"));
        foreach (string name in (string[])["float32", "int8", "libtorch"]) session.Report(name, "tokens/s", times.Rate(name, Tokens, 1));
    }
}
