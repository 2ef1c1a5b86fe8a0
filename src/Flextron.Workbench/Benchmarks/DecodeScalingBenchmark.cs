using System.Globalization;
using Flextron.Inference.Decoding;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Workbench.Figures;
using MathNet.Numerics.Statistics;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Whether cost grows in proportion to what is asked.</summary>
internal sealed class DecodeScalingBenchmark : IBenchmark
{
    private const int Context = 1024;

    private static readonly ModelConfig Shape = new()
    {
        Family = "llama", VocabularySize = 512, HiddenSize = 128, BlockCount = 8, HeadCount = 8, KvGroupCount = 8, HeadSize = 16, NeuronCount = 512,
        ContextLength = Context, TiedEmbeddings = true,
    };

    public string Group => "decode";

    public string Name => "scaling";

    public string Question =>
        "One token of a Llama shape (C 128, 8 blocks of 8 heads, D 512, vocabulary 512: 8 MB, so that no size falls out of a cache that another fits) on one thread, against context length, kept blocks, neurons, groups, residual width and budget (all of "
        + "them but width at once); a prompt against its length; and a pass of 64 tokens through libtorch against its batch. The exponent e of cost ~ size^e over the larger half of the sizes, with its 95 % interval over rounds: less than 1 where a fixed cost is "
        + "left, 1 is linear, and a prompt's attention adds to that.";

    public void Measure(BenchmarkSession session)
    {
        using DecoderModel model = DecodeShape.RandomModel(Shape);
        using var engine = new DecodeEngine(model);
        int[] ids = [.. Enumerable.Range(0, Context).Select(i => i * 37 % Shape.VocabularySize)];
        var sessions = new List<DecodeSession>();
        DecodeSession Begun(int length, SubNetwork network)
        {
            DecodeSession begun = engine.NewSession(length + 1, threads: 1);
            sessions.Add(begun);
            begun.Prefill(ids.AsSpan(0, length), network);
            return begun;
        }

        Action Steps(int length, SubNetwork network)
        {
            DecodeSession decode = Begun(length, network);
            return () =>
            {
                decode.Step(1, network);
                decode.TruncateTo(length);
            };
        }

        Action Prompt(int length)
        {
            DecodeSession prompt = Begun(length, model.FullNetwork);
            return () =>
            {
                prompt.Reset();
                prompt.Prefill(ids.AsSpan(0, length));
            };
        }

        Action Batch(int rows) => () =>
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            model.ForwardLast(tensor(Enumerable.Range(0, rows * 64).Select(i => (long)ids[i % ids.Length]).ToArray(), [rows, 64]), model.FullNetwork, null);
        };

        SubNetwork Kept(int blocks, int groups, int neurons, int? width = null) =>
            new(Enumerable.Range(0, Shape.BlockCount).Select(b => b < blocks ? new BlockShape(groups, neurons) : BlockShape.Skipped), width);
        var axes = new List<(string Name, int[] Sizes, CaseTimings Times, ScalingFit Fit)>();
        void Scale(string axis, int[] sizes, Func<int, Action> prepare)
        {
            CaseTimings times = session.Time([.. sizes.Select(n => new BenchmarkCase($"{axis} {n}", prepare(n)))]);
            ScalingFit fit = ScalingFit.Of(sizes, [.. sizes.Select(n => times.Of($"{axis} {n}"))]);
            axes.Add((axis, sizes, times, fit));
            session.Ratio($"exponent of {axis}", fit.ByRound, BenchmarkBound.AtMost(axis == "prompt length" ? 1.5 : 1.2));
            foreach (int size in sizes) session.Report($"{axis} {size}", "ms", times.Of($"{axis} {size}"));
        }

        try
        {
            Scale("context length", [1, 255, 511, 1023], n => Steps(n, model.FullNetwork));
            Scale("blocks", [1, 2, 4, 8], n => Steps(64, Kept(n, 8, 512)));
            Scale("neurons", [8, 128, 256, 512], n => Steps(64, Kept(8, 8, n)));
            Scale("groups", [1, 2, 4, 8], n => Steps(64, Kept(8, n, 512)));
            Scale("residual width", [16, 32, 64, 128], n => Steps(64, Kept(8, 8, 512, n)));
            Scale("eighths of the budget", [1, 2, 4, 8], n => Steps(64, Kept(8, n, 64 * n)));
            Scale("prompt length", [32, 256, 512, 1023], Prompt);
            Scale("batch", [1, 2, 4, 8], Batch);
        }
        finally
        {
            foreach (DecodeSession s in sessions) s.Dispose();
        }
        session.Draw("scaling", Chart(axes));
    }

    private static Figure Chart(IReadOnlyList<(string Name, int[] Sizes, CaseTimings Times, ScalingFit Fit)> axes) => new(
        "Cost against size",
        new Axis("Share of the largest size") { Scale = AxisScale.Logarithmic }, new Axis("Share of the largest size's time") { Scale = AxisScale.Logarithmic },
        [.. axes.Select(a =>
        {
            // Relative to the largest, so that one picture holds them all; a line of slope 1 is linear.
            Quartiles[] costs = [.. a.Sizes.Select(n => Quartiles.Of(a.Times.Of($"{a.Name} {n}")))];
            double full = costs[^1].Median;
            return (FigureSeries)new LineSeries(
                string.Create(CultureInfo.InvariantCulture, $"{a.Name}: e = {a.Fit.Exponent:0.00} ± {a.Fit.HalfWidth:0.00}"), [.. a.Sizes.Select(n => n / (double)a.Sizes[^1])], [.. costs.Select(c => c.Median / full)])
            {
                Lower = [.. costs.Select(c => c.Lower / full)], Upper = [.. costs.Select(c => c.Upper / full)],
            };
        })])
    {
        Subtitle = "median and quartiles over rounds; e over the larger half of the sizes with its 95 % interval",
    };
}
