using System.Globalization;
using Flextron.Inference;
using Flextron.Models;
using Flextron.Pretraining;

namespace Flextron.Workbench.Benchmarks;

/// <summary>What a slice costs over a standalone copy of itself, and whether time follows size.</summary>
internal sealed class SliceOverheadBenchmark : IBenchmark
{
    public string Group => "slices";

    public string Name => "block";

    public string Question =>
        $"Forward and backward pass of one block (C 512, 8 heads of 64, D 1536, batch {SliceShape.Batch} × {SliceShape.Time}, float32) as a slice of shared weights against the same block as a "
        + "standalone model with weights of its own, and the half block against the whole one.";

    public void Measure(BenchmarkSession session)
    {
        var owned = new List<IDisposable>();
        try
        {
            var model = new DecoderModel(BaseModelPretraining.Initialise(SliceShape.Config, scale: 1, seed: 1));
            owned.Add(model);
            var cases = new List<BenchmarkCase>();
            for (int eighths = 1; eighths <= 8; eighths++)
            {
                SubNetwork network = SliceShape.Eighths(eighths);
                var standalone = new DecoderModel(StandaloneSlice.Cut(model, network));
                owned.Add(standalone);
                cases.Add(SliceShape.Case(Slice(eighths), model, network, owned));
                cases.Add(SliceShape.Case(Copy(eighths), standalone, standalone.FullNetwork, owned));
            }
            CaseTimings times = session.Time(cases);
            double[][] ratios = [.. Enumerable.Range(1, 8).Select(i => times.Ratio(Slice(i), Copy(i)))];
            session.Ratio("slice / standalone, all widths", [.. ratios.SelectMany(r => r)], BenchmarkBound.AtMost(1.05));
            for (int i = 1; i <= 8; i++) session.Ratio($"slice / standalone, {i}/8", ratios[i - 1], BenchmarkBound.AtMost(1.05));
            session.Ratio("half block / whole block", times.Ratio(Slice(4), Slice(8)), BenchmarkBound.AtMost(0.58));
            session.Report("whole block", "ms", times.Of(Slice(8)));
        }
        finally
        {
            foreach (IDisposable thing in Enumerable.Reverse(owned)) thing.Dispose();
        }
    }

    private static string Slice(int eighths) => string.Create(CultureInfo.InvariantCulture, $"slice {eighths}");

    private static string Copy(int eighths) => string.Create(CultureInfo.InvariantCulture, $"copy {eighths}");
}
