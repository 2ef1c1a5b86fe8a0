using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Selection;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Whether a latency table can be believed on a model wide enough that arithmetic counts, and whether targets are kept when measured.</summary>
internal sealed class LatencyTableBenchmark : IBenchmark
{
    private const int HeldOut = 40, Targets = 200;

    private static readonly ModelConfig Shape = new()
    {
        Family = "llama", VocabularySize = 512, HiddenSize = 256, BlockCount = 4, HeadCount = 8, KvGroupCount = 4, HeadSize = 32, NeuronCount = 1024, ContextLength = 256, TiedEmbeddings = true,
    };

    public string Group => "latency";

    public string Name => "table";

    public string Question =>
        $"A table of a random Llama shape with C 256, 4 blocks, 8 heads in 4 groups, D 1024 for 4 prompts of 128 tokens, against whole runs of {HeldOut} heterogeneous sub-networks that did not calibrate it, "
        + $"and {Targets} random targets, whose selections are run whole. Latencies are relative to the whole network, run in between throughout.";

    public void Measure(BenchmarkSession session)
    {
        using DecoderWeights weights = BaseModelPretraining.Initialise(Shape, 1, seed: 1);
        using var model = new DecoderModel(weights, ownsWeights: false);
        ElasticSpace space = ElasticSpace.For(Shape);
        using var runner = new TorchWorkloadRunner(model, new LatencyWorkload(4, 128));
        var settings = new ProfileSettings { Seconds = 20 };
        LatencyTable table = LatencyProfiler.Profile(runner, space, settings);
        HonestyReport honesty = TableHonesty.Check(table, runner, space, HeldOut, seed: 1, settings);
        session.Report("relative error on held-out sub-networks, median", "", [honesty.MedianError], BenchmarkBound.AtMost(0.05));
        session.Report("relative error on held-out sub-networks, 95th percentile", "", [honesty.Error95], BenchmarkBound.AtMost(0.10));
        session.Report("rank correlation of predicted and measured", "", [honesty.Spearman], BenchmarkBound.AtLeast(0.98));

        ICostTable cost = table;
        var selector = new NetworkSelector(Shape, space) { Latency = table };
        (double least, double full) = (cost.Cost(space.Smallest), cost.Cost(space.Largest));
        Random random = Seeds.Stream(1, "random targets");
        double[] targets = [.. Enumerable.Range(0, Targets).Select(_ => least + (full - least) * random.NextDouble())];
        SelectedNetwork[] selected = [.. targets.Select(t => selector.Select(t, table))];
        SubNetwork[] networks = [.. selected.Select(s => s.SubNetwork).Distinct()];
        IReadOnlyList<double> measured = EndToEnd.Measure(runner, networks, settings, space.Largest).AtTableSpeed(table.FullMs());
        double[] ratios = [.. selected.Select((s, i) => measured[Array.IndexOf(networks, s.SubNetwork)] / targets[i])];
        session.Report("selections within their target by the table", "", [selected.Zip(targets).Count(p => p.First.Cost <= p.Second) / (double)Targets], BenchmarkBound.AtLeast(1));
        session.Report("selections measured at most 5 % over their target", "", [ratios.Count(r => r <= 1.05) / (double)Targets], BenchmarkBound.AtLeast(0.95));
        session.Report("selections measured within 5 % of their target", "", [ratios.Count(r => Math.Abs(r - 1) <= 0.05) / (double)Targets]);
        session.Report("measured over target", "", ratios);
    }
}
