using Flextron.Elastic;
using Flextron.Models;
using Flextron.Pretraining;

namespace Flextron.Workbench.Benchmarks;

/// <summary>What it costs to change the sub-network.</summary>
internal sealed class SliceSwitchBenchmark : IBenchmark
{
    private const int Networks = 32;

    public string Group => "slices";

    public string Name => "switch";

    public string Question =>
        "Time from one sub-network's slices to another's, in a model of 6 blocks with per-block random widths: between networks that were used before; to a new network, whose blocks "
        + "have shapes that others had before; and, once per shape, with nine views made for every block. None copies a weight.";

    public void Measure(BenchmarkSession session)
    {
        ModelConfig config = TrainingShape.Config;
        using var model = new DecoderModel(BaseModelPretraining.Initialise(config, scale: 1, seed: 1));
        var space = ElasticSpace.For(config);
        var random = new Random(1);
        SubNetwork[] networks = [.. Enumerable.Range(0, Networks).Select(_ => space.Random(random))];
        using var slices = new SliceCache();
        foreach (int i in Enumerable.Range(0, 256)) WeightView.Of(model.Weights, space.Random(random), slices).Dispose();
        int at = 0;
        CaseTimings times = session.Time(
            new BenchmarkCase("known", () => model.View(networks[at++ % Networks])),
            new BenchmarkCase("new", () => WeightView.Of(model.Weights, networks[at++ % Networks], slices).Dispose()),
            new BenchmarkCase("first", () => WeightView.Of(model.Weights, networks[at++ % Networks]).Dispose()));
        session.Report("to a network used before", "µs", [.. times.Of("known").Select(ms => ms * 1e3)], BenchmarkBound.AtMost(50));
        session.Report("to a new network of known block shapes", "µs", [.. times.Of("new").Select(ms => ms * 1e3)], BenchmarkBound.AtMost(50));
        session.Report("with every view made and released", "µs", [.. times.Of("first").Select(ms => ms * 1e3)]);
    }
}
