using Flextron.Inference.Decoding;
using Flextron.Models;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Whether a token's cost grows in proportion to what is asked of it.</summary>
internal sealed class DecodeScalingBenchmark : IBenchmark
{
    private const int Context = 1024;

    public string Group => "decode";

    public string Name => "scaling";

    public string Question =>
        "One token of a Llama shape (C 128, 8 blocks of 8 heads, D 512, vocabulary 512: 8 MB, so that no size falls out of a cache that another fits) on one thread, against context length, kept blocks, neurons and groups; and a prompt against its length. The exponent e of "
        + "cost ~ size^e over the last doubling: less than 1 where a fixed cost is left, 1 is linear, and a prompt's attention adds to that.";

    public void Measure(BenchmarkSession session)
    {
        ModelConfig config = new()
        {
            Family = "llama", VocabularySize = 512, HiddenSize = 128, BlockCount = 8, HeadCount = 8, KvGroupCount = 8, HeadSize = 16, NeuronCount = 512,
            ContextLength = Context, TiedEmbeddings = true,
        };
        using DecoderModel model = DecodeShape.RandomModel(config);
        using var engine = new DecodeEngine(model);
        int[] ids = [.. Enumerable.Range(0, Context).Select(i => i * 37 % config.VocabularySize)];
        var sessions = new List<DecodeSession>();
        DecodeSession Begun(int length)
        {
            DecodeSession begun = engine.NewSession(length + 1, threads: 1);
            sessions.Add(begun);
            begun.Prefill(ids.AsSpan(0, length));
            return begun;
        }

        Action Steps(int length, SubNetwork network)
        {
            DecodeSession decode = Begun(length);
            return () =>
            {
                decode.Step(1, network);
                decode.TruncateTo(length);
            };
        }

        Action Prompt(int length)
        {
            DecodeSession prompt = Begun(length);
            return () =>
            {
                prompt.Reset();
                prompt.Prefill(ids.AsSpan(0, length));
            };
        }

        SubNetwork Kept(int blocks, int groups, int neurons) => new(Enumerable.Range(0, config.BlockCount).Select(b => b < blocks ? new BlockShape(groups, neurons) : BlockShape.Skipped));
        try
        {
            Scale(session, "context length", [1, 255, 511, 1023], n => Steps(n, model.FullNetwork));
            Scale(session, "blocks", [1, 2, 4, 8], n => Steps(64, Kept(n, 8, 512)));
            Scale(session, "neurons", [8, 128, 256, 512], n => Steps(64, Kept(8, 8, n)));
            Scale(session, "groups", [1, 2, 4, 8], n => Steps(64, Kept(8, n, 512)));
            Scale(session, "prompt length", [32, 256, 512, 1023], Prompt);
        }
        finally
        {
            foreach (DecodeSession s in sessions) s.Dispose();
        }
    }

    private static void Scale(BenchmarkSession session, string axis, int[] sizes, Func<int, Action> prepare)
    {
        CaseTimings times = session.Time([.. sizes.Select(n => new BenchmarkCase($"{axis} {n}", prepare(n)))]);
        double doubling = Math.Log(sizes[3] / (double)sizes[2]);
        double[] exponents = [.. times.Ratio($"{axis} {sizes[3]}", $"{axis} {sizes[2]}").Select(ratio => Math.Log(ratio) / doubling)];
        session.Ratio($"exponent of {axis}", exponents, BenchmarkBound.AtMost(axis == "prompt length" ? 1.5 : 1.2));
        foreach (int size in sizes) session.Report($"{axis} {size}", "ms", times.Of($"{axis} {size}"));
    }
}
