using Flextron.Latency;
using Flextron.MixtureOfDepths;
using Flextron.Storage;

namespace Flextron.Inference;

/// <summary>
/// Measured latency of generating with a Mixture-of-Depths model on the decode engine, by the routed blocks that a token passes. A share of tokens stands between
/// two such numbers, at a line; what a block's cache holds grows with what passed it, which is in the measurements.
/// </summary>
public sealed record MixtureLatencyTable
{
    /// <summary>The version that is written.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Of the file; a table of an elastic family has none, so that neither is taken for the other.</summary>
    public required int MixtureVersion { get; init; }

    /// <summary>What the times depend on.</summary>
    public required LatencyKey Key { get; init; }

    /// <summary>Capacity, routed blocks and sampler of the model.</summary>
    public required MixtureSettings Mixture { get; init; }

    /// <summary>By the number of routed blocks that every token passes: 0, 1, … all of them.</summary>
    public required IReadOnlyList<DepthLatency> Depths { get; init; }

    /// <summary>The same network without routers: every block computes every token.</summary>
    public required DepthLatency Dense { get; init; }

    /// <summary>Predicted against measured where every block lets another share of the tokens pass; null where it was not checked.</summary>
    public HonestyReport? HeldOut { get; init; }

    /// <summary>The model's own routers on the profile's random tokens: their share of decisions that let a token pass, and the whole workload predicted and measured.</summary>
    public OwnDepths? Own { get; init; }

    /// <summary>R.</summary>
    public int RoutedBlocks => Depths.Count - 1;

    /// <summary>Reading the prompt where every token passes so many routed blocks, ms.</summary>
    /// <param name="passed">0 … R; between two whole numbers along a line.</param>
    public double PrefillMs(double passed) => Between(passed, d => d.PrefillMs.Median);

    /// <summary>A generated token that passes so many routed blocks, ms.</summary>
    /// <param name="passed">0 … R; a mean over tokens where they differ.</param>
    public double StepMs(double passed) => Between(passed, d => d.StepMs.Median);

    /// <summary>The whole workload, ms.</summary>
    /// <param name="prompt">Routed blocks that a prompt's token passes, on average.</param>
    /// <param name="generated">The same of generated tokens.</param>
    public double Predict(double prompt, double generated) => PrefillMs(prompt) + Key.Workload.GeneratedTokens * StepMs(generated);

    /// <summary>Writes it.</summary>
    /// <exception cref="FlextronException">The file cannot be written.</exception>
    public void Save(string path) => FlextronJson.WriteFile(path, this);

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="FlextronException">It is missing, damaged, or something else.</exception>
    public static MixtureLatencyTable Load(string path)
    {
        MixtureLatencyTable table = FlextronJson.ReadFile<MixtureLatencyTable>(path, "latency table of a Mixture-of-Depths model");
        bool sound = table is { MixtureVersion: CurrentVersion, Key.Workload.GeneratedTokens: > 0, Mixture: not null, Depths.Count: >= 2, Dense: not null }
            && table.Depths.Append(table.Dense).All(d => d is { PrefillMs.Median: > 0, StepMs.Median: > 0 });
        return sound ? table : throw new FlextronException($"{path} is no sound latency table of a Mixture-of-Depths model: measure it with `flextron profile MODEL --decode`.");
    }

    private double Between(double passed, Func<DepthLatency, double> of)
    {
        double at = Math.Clamp(passed, 0, RoutedBlocks);
        int low = Math.Min((int)at, RoutedBlocks - 1);
        return of(Depths[low]) + (at - low) * (of(Depths[low + 1]) - of(Depths[low]));
    }
}
