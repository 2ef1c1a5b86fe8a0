using Flextron.Inference.Decoding;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>How fast a model is decoded that fits into the caches, where calls and not memory are the limit.</summary>
internal sealed class SmallDecodeBenchmark : IBenchmark
{
    private const int Tokens = 500, TorchTokens = 20;

    public string Group => "decode";

    public string Name => "small";

    public string Question =>
        "Greedy decoding of 500 tokens from the first, one thread, of the 260K-parameter shape of the smallest story model (C 64, 5 blocks of 8 heads in 4 groups, D 172, vocabulary 512, random weights: the time does not "
        + "depend on them), and of 20 tokens through libtorch on the same model. For the comparison with a plain C decoder see the protocol in the project's benchmarks document.";

    public void Measure(BenchmarkSession session)
    {
        ModelConfig config = new()
        {
            Family = "llama", VocabularySize = 512, HiddenSize = 64, BlockCount = 5, HeadCount = 8, KvGroupCount = 4, HeadSize = 8, NeuronCount = 172, ContextLength = 512, TiedEmbeddings = true,
        };
        using DecoderModel model = DecodeShape.RandomModel(config);
        using var engine = new DecodeEngine(model);
        using DecodeSession decode = engine.NewSession(threads: 1);
        using Tensor token_BT = ones([1, 1], ScalarType.Int64);
        void ThroughLibtorch()
        {
            using var noGrad = no_grad();
            using KvCache cache = model.NewCache(model.FullNetwork, 1, TorchTokens);
            for (int i = 0; i < TorchTokens; i++) model.ForwardLast(token_BT, model.FullNetwork, cache).Dispose();
        }

        CaseTimings times = session.Time(new BenchmarkCase("engine", () => GreedyDecoding.Run(decode, model.FullNetwork, Tokens)), new BenchmarkCase("libtorch", ThroughLibtorch));
        session.Ratio("engine tokens/s / libtorch tokens/s", [.. times.Ratio("libtorch", "engine").Select(r => r * Tokens / TorchTokens)]);
        session.Report("engine", "tokens/s", times.Rate("engine", Tokens, 1));
        session.Report("libtorch", "tokens/s", times.Rate("libtorch", TorchTokens, 1));
        long before = GC.GetAllocatedBytesForCurrentThread();
        GreedyDecoding.Run(decode, model.FullNetwork, Tokens);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        session.Report("managed allocation per token", "bytes", [allocated / (double)Tokens], BenchmarkBound.AtMost(0));
    }
}
