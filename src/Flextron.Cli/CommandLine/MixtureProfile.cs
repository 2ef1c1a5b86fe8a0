using System.Globalization;
using Flextron.Inference;
using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Latency;
using Flextron.MixtureOfDepths;
using Flextron.Selection;

namespace Flextron.Cli.CommandLine;

/// <summary><c>profile --decode</c> of a Mixture-of-Depths model: what a token costs by the routed blocks that it passes.</summary>
internal static class MixtureProfile
{
    // The capacities of the paper's comparisons.
    private static readonly double[] Capacities = [0.125, 0.25, 0.5, 0.75, 1];

    public static VerbResult Run(
        MixtureModel mixture, string folder, WeightFormat weights, LatencyWorkload workload, ProfileSettings settings, int check, string file, CommandContext context)
    {
        // Verbs read these names inside a folder as tables of an elastic family.
        if (Path.GetFileName(file) is FamilyBundle.TableName or FamilyBundle.DecodeTableName && Path.GetDirectoryName(Path.GetFullPath(file)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))
            throw new FlextronException($"{Path.GetFileName(file)} inside a model folder is read as the table of an elastic family, which this is not: choose another --out, such as mixture-latency.json.");
        using var engine = new DecodeEngine(mixture.Model, weights);
        using var runner = new MixtureWorkloadRunner(engine, mixture, workload, settings.Seed);
        MixtureLatencyTable table = MixtureLatencyProfiler.Profile(runner, mixture.Settings, check, settings, context, context.Cancellation);
        table.Save(file);
        int routed = table.RoutedBlocks;
        HonestyReport honesty = table.HeldOut!;
        double At(double capacity) => table.StepMs(capacity * routed);
        var json = new
        {
            key = table.Key, fullMs = table.Predict(routed, routed), smallestMs = table.Predict(0, 0), prefillMs = table.PrefillMs(routed), decodeStepMs = table.StepMs(routed), heldOutError = HonestyJson.Of(honesty),
            capacity = mixture.Settings.Capacity, routedBlocks = mixture.RoutedBlocks, capacityStepMs = At(mixture.Settings.Capacity),
            depths = table.Depths.Select(Row), dense = Row(table.Dense), capacities = Capacities.Select(c => new { capacity = c, decodeStepMs = At(c) }),
            own = new { share = table.Own!.Share, predictedMs = table.Own.PredictedMs, measuredMs = table.Own.MeasuredMs }, @out = file,
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["routed blocks passed", "token, ms", "quartiles", "prompt, ms"], table.Depths.Append(table.Dense).Select((d, i) => new[]
            {
                i > routed ? "no routers" : string.Create(c, $"{d.Passed} of {routed}"), d.StepMs.Median.ToString("0.0000", c),
                string.Create(c, $"{d.StepMs.Lower:0.0000} to {d.StepMs.Upper:0.0000}"), d.PrefillMs.Median.ToString("0.000", c),
            }));
            writer.WriteLine(string.Create(c, $"a token at the model's capacity of {mixture.Settings.Capacity:0.###}: {json.capacityStepMs:0.0000} ms, {json.capacityStepMs / table.Dense.StepMs.Median:0%} of the network without routers ({table.Key.Engine} on the {table.Key.Device}, {workload.PromptTokens} + {workload.GeneratedTokens} tokens)"));
            HonestyJson.Write(writer, honesty, "combinations of shares");
            writer.WriteLine(string.Create(c, $"the model's own routers let {table.Own.Share:0.0%} pass on random tokens: predicted {table.Own.PredictedMs:0.000} ms, measured {table.Own.MeasuredMs:0.000} ms"));
        });
    }

    private static object Row(DepthLatency depth) => new
    {
        passed = depth.Passed, decodeStepMs = depth.StepMs.Median, lowerMs = depth.StepMs.Lower, upperMs = depth.StepMs.Upper, runs = depth.StepMs.Count, prefillMs = depth.PrefillMs.Median,
    };
}
