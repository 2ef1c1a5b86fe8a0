using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;

namespace Flextron.Workbench.Benchmarks;

/// <summary>How near the decode engine comes to the speed at which the machine can read a model's weights at all.</summary>
internal sealed class DecodeBandwidthBenchmark : IBenchmark
{
    private const int Tokens = 8;

    public string Group => "decode";

    public string Name => "bandwidth";

    public string Question =>
        "Greedy decoding of a 110M-parameter Llama shape (C 768, 12 blocks of 12 heads, D 2048, vocabulary 32000, random weights) on all processors: weight bytes per second against the bandwidth of "
        + "reading 512 MiB on all processors just before and after, in the same round (reading, not a triad: a token reads every weight and writes next to nothing; the ratio to a triad stands beside it); smaller formats and sub-networks against the whole in float32.";

    public void Measure(BenchmarkSession session)
    {
        using DecoderModel model = DecodeShape.RandomModel(DecodeShape.Config);
        (string Name, double Share)[] budgets = [("full", 1), ("half", 0.5), ("quarter", 0.25)];
        WeightFormat[] formats = [WeightFormat.Float32, WeightFormat.BFloat16, WeightFormat.Int8];
        using var memory = new ReadBandwidth();
        using var limits = new MachineLimits();
        var engines = formats.ToDictionary(f => f, f => new DecodeEngine(model, f));
        var sessions = engines.ToDictionary(e => e.Key, e => e.Value.NewSession(64));
        try
        {
            static string Label(WeightFormat format, string budget) => $"{format} {budget}";
            SubNetwork Network(double share) => new(Enumerable.Repeat(
                new BlockShape((int)(model.Config.KvGroupCount * share), (int)(model.Config.NeuronCount * share)), model.Config.BlockCount));
            BenchmarkCase[] decoding =
            [
                .. formats.SelectMany(f => budgets.Where(b => f == WeightFormat.Float32 || b.Share == 1).Select(b =>
                {
                    SubNetwork network = Network(b.Share);
                    return new BenchmarkCase(Label(f, b.Name), () => GreedyDecoding.Run(sessions[f], network, Tokens));
                })),
            ];
            // The machine's bandwidth moves from second to second: it is read on both sides of what is compared with it.
            BenchmarkCase after = memory.Case with { Name = "reading memory, after" };
            CaseTimings times = session.Time([limits.TriadCase, memory.Case, decoding[0], after, .. decoding[1..]]);
            double[] full = times.Of(Label(WeightFormat.Float32, "full"));
            double fullBytes = DecodeShape.Bytes(model.Config, Network(1), WeightFormat.Float32);
            double[] limit = [.. times.Rate(ReadBandwidth.Name, ReadBandwidth.Bytes).Zip(times.Rate(after.Name, ReadBandwidth.Bytes), (a, b) => (a + b) / 2)], rate = times.Rate(Label(WeightFormat.Float32, "full"), fullBytes * Tokens);
            session.Ratio("float32 weight bytes per second / reading", [.. rate.Zip(limit, (a, b) => a / b)], BenchmarkBound.AtLeast(0.8));
            session.Ratio("float32 weight bytes per second / triad", [.. rate.Zip(times.Rate(MachineLimits.Triad, MachineLimits.TriadBytes), (a, b) => a / b)]);
            session.Ratio("bfloat16 tokens/s / float32 tokens/s", times.Ratio(Label(WeightFormat.Float32, "full"), Label(WeightFormat.BFloat16, "full")), BenchmarkBound.AtLeast(1.7));
            session.Ratio("int8 tokens/s / float32 tokens/s", times.Ratio(Label(WeightFormat.Float32, "full"), Label(WeightFormat.Int8, "full")), BenchmarkBound.AtLeast(2.8));
            foreach ((string name, double share) in budgets[1..])
            {
                double bytes = DecodeShape.Bytes(model.Config, Network(share), WeightFormat.Float32) / fullBytes;
                session.Ratio(
                    $"{name} network: time by its share of bytes ({bytes:0.00}) / its time",
                    [.. full.Zip(times.Of(Label(WeightFormat.Float32, name)), (whole, part) => whole * bytes / part)], BenchmarkBound.AtLeast(0.9));
            }
            session.Report("reading memory", "GB/s", limit);
            foreach (BenchmarkCase @case in decoding) session.Report(@case.Name, "tokens/s", times.Rate(@case.Name, Tokens, 1));
        }
        finally
        {
            foreach (DecodeSession s in sessions.Values) s.Dispose();
            foreach (DecodeEngine e in engines.Values) e.Dispose();
        }
    }
}
