using Flextron.Inference.Decoding;
using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Whether cost grows in proportion to what is asked.</summary>
internal sealed class DecodeScalingBenchmark : IBenchmark
{
    private const int Context = 1024, Behind = 64;

    // Every size of every part is read from memory: none fits a cache that another one falls out of.
    private static readonly ModelConfig Streamed = new()
    {
        Family = "llama", VocabularySize = 512, HiddenSize = 512, BlockCount = 16, HeadCount = 8, KvGroupCount = 8, HeadSize = 64, NeuronCount = 2048,
        ContextLength = 128, TiedEmbeddings = true,
    };

    // Small enough for arithmetic to be the cost: what sequences and prompts grow by.
    private static readonly ModelConfig Cached = Streamed with { HiddenSize = 128, BlockCount = 8, HeadSize = 16, NeuronCount = 512, ContextLength = Context };

    public string Group => "decode";

    public string Name => "scaling";

    public string Question =>
        "One thread. One token of a Llama shape that no cache holds (C 512, 16 blocks of 8 heads, D 2048: 270 MB) against kept blocks, neurons, groups, residual width and budget (all of them but width at once); of one that caches hold (C 128, 8 blocks, "
        + "D 512: 8 MB) against context length, prompt length, sequences decoded at once, and a batch of prompts of 64 tokens through libtorch. The exponent e of cost ~ size^e over the larger half of the sizes, at least three, with its 95 % interval over "
        + "rounds: less than 1 where a fixed cost is left, 1 is linear, and a prompt's attention adds to that. Blocks of the small shape, a megabyte each, stand beside reading as many bytes and doing nothing else: a step in both is the "
        + "machine's caches', one in the blocks alone is not.";

    public void Measure(BenchmarkSession session)
    {
        var chart = new ScalingChart();
        void Scale(string axis, int[] sizes, Func<int, BenchmarkCase> prepare, double? most = 1.2)
        {
            CaseTimings times = session.Time([.. sizes.Select(n => prepare(n) with { Name = $"{axis} {n}" })]);
            double[][] costs = [.. sizes.Select(n => times.Of($"{axis} {n}"))];
            ScalingFit fit = ScalingFit.Of(sizes, costs);
            chart.Add(axis, sizes, costs, fit);
            session.Ratio($"exponent of {axis}", fit.ByRound, most is { } bound ? BenchmarkBound.AtMost(bound) : null);
            foreach (int size in sizes) session.Report($"{axis} {size}", "ms", times.Of($"{axis} {size}"));
        }

        using (DecoderModel model = DecodeShape.RandomModel(Streamed))
        {
            using var engine = new DecodeEngine(model);
            using DecodeSession steps = engine.NewSession(Behind + 1, threads: 1);
            BenchmarkCase Step(int blocks, int groups, int neurons, int? width = null) => Steps(steps, Slice(Streamed, blocks, groups, neurons, width));
            Scale("blocks", [4, 6, 8, 12, 16], n => Step(n, 8, 2048));
            Scale("neurons", [32, 256, 512, 1024, 2048], n => Step(16, 8, n));
            Scale("groups", [1, 2, 4, 6, 8], n => Step(16, n, 2048));
            Scale("residual width", [64, 128, 256, 384, 512], n => Step(16, 8, 2048, n));
            Scale("eighths of the budget", [1, 2, 4, 6, 8], n => Step(16, n, 256 * n));
        }
        using (DecoderModel model = DecodeShape.RandomModel(Cached))
        {
            using var engine = new DecodeEngine(model);
            using DecodeSession steps = engine.NewSession(Context, threads: 1);
            using DecodeBatch batch = engine.NewBatch(32, Behind + 1, threads: 1);
            int[] ids = [.. Enumerable.Range(0, Context).Select(i => i * 37 % Cached.VocabularySize)];
            Scale("context length", [127, 255, 511, 767, 1023], n => Steps(steps, model.FullNetwork, n));
            Scale("prompt length", [64, 128, 256, 512, 1023], n => Prompt(steps, ids.AsMemory(0, n)), most: 1.5);
            Scale("sequences at once", [1, 4, 8, 16, 32], n => Together(batch, n));
            Scale("batch of prompts", [1, 2, 4, 8], n => Libtorch(model, ids, n));
            Scale("blocks in the caches", [2, 3, 4, 6, 8], n => Steps(steps, Slice(Cached, n, 8, 512)), most: null);
            float[] memory = new float[8 * BlockWeights(Cached)];
            Scale("reading as many bytes", [2, 3, 4, 6, 8], n => new BenchmarkCase("", () => ReadBandwidth.Sum(memory.AsSpan(0, n * BlockWeights(Cached)))), most: null);
        }
        session.Draw("scaling", chart.Figure());
    }

    private static SubNetwork Slice(ModelConfig config, int blocks, int groups, int neurons, int? width = null) =>
        new(Enumerable.Range(0, config.BlockCount).Select(b => b < blocks ? new BlockShape(groups, neurons) : BlockShape.Skipped), width);

    private static int BlockWeights(ModelConfig config) => config.HiddenSize * (2 * config.HeadSize * (config.HeadCount + config.KvGroupCount) + 3 * config.NeuronCount);

    // One token behind others of the same widths, which are read anew where another case has taken their place.
    private static BenchmarkCase Steps(DecodeSession session, SubNetwork network, int length = Behind)
    {
        int[] before = [.. Enumerable.Range(0, length).Select(i => i % 500)];
        return new BenchmarkCase("", () =>
        {
            session.Step(1, network);
            session.TruncateTo(length);
        })
        {
            Prepare = () =>
            {
                session.Reset();
                session.Prefill(before, network);
            },
        };
    }

    private static BenchmarkCase Prompt(DecodeSession session, ReadOnlyMemory<int> ids) => new("", () =>
    {
        session.Reset();
        session.Prefill(ids.Span);
    });

    private static BenchmarkCase Together(DecodeBatch batch, int count)
    {
        BatchToken[] tokens = [.. Enumerable.Range(0, count).Select(s => new BatchToken(s, s))];
        int[] before = [.. Enumerable.Range(0, Behind)];
        return new BenchmarkCase("", () =>
        {
            batch.Step(tokens);
            for (int s = 0; s < count; s++) batch.TruncateTo(s, Behind);
        })
        {
            Prepare = () =>
            {
                for (int s = 0; s < count; s++)
                {
                    batch.Reset(s);
                    batch.Prefill(s, before);
                }
            },
        };
    }

    private static BenchmarkCase Libtorch(DecoderModel model, int[] ids, int rows)
    {
        long[] tokens = [.. Enumerable.Range(0, rows * 64).Select(i => (long)ids[i % ids.Length])];
        return new BenchmarkCase("", () =>
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            model.ForwardLast(tensor(tokens, [rows, 64]), model.FullNetwork, null);
        });
    }
}
