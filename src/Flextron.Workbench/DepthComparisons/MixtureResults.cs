using Flextron.Workbench.Experiments;
using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>All outcomes, and what follows from them over seeds.</summary>
internal sealed class MixtureResults(
    MixtureComparisonSettings settings, IReadOnlyDictionary<(ModelSize Size, MixtureArm Arm, long Seed), MixtureOutcome> outcomes, IReadOnlyList<DecodeSpeed> speeds)
{
    public MixtureComparisonSettings Settings => settings;

    public IReadOnlyList<DecodeSpeed> Speeds => speeds;

    public MixtureOutcome Of(ModelSize size, MixtureArm arm, long seed) => outcomes[(size, arm, seed)];

    public bool Has(MixtureArm arm) => settings.Arms.Contains(arm);

    /// <summary>A value's mean over seeds with its t interval.</summary>
    public SummaryValue OverSeeds(Func<long, double> value)
    {
        double[] values = [.. settings.Seeds.Select(value)];
        return SummaryValue.OfMean(values.Mean(), values.Length > 1 ? values.StandardDeviation() : double.NaN, values.Length);
    }

    public SummaryValue Loss(ModelSize size, MixtureArm arm) => OverSeeds(s => Of(size, arm, s).Loss.Mean);

    /// <summary>Loss as it can be generated with: by the causal sampler for routers, as trained for the others.</summary>
    public double CausalLoss(ModelSize size, MixtureArm arm, long seed) => Of(size, arm, seed) is var o && o.Sampler is { } sampler ? sampler.Causal.Mean : o.Loss.Mean;

    /// <summary>The size of the lowest mean loss.</summary>
    public ModelSize Best(MixtureArm arm) => settings.Sizes.MinBy(size => Loss(size, arm).Value)!;

    /// <summary>Difference of two losses at each one's best size, paired by seed.</summary>
    public SummaryValue BestDifference(MixtureArm arm, MixtureArm against) => OverSeeds(s => Of(Best(arm), arm, s).Loss.Mean - Of(Best(against), against, s).Loss.Mean);

    public DecodeSpeed? Speed(ModelSize size, MixtureArm arm) => speeds.FirstOrDefault(s => s.Size == size.Label && s.Arm == arm);

    /// <summary>The fastest dense network that is no worse than a loss; where none is as good, the best one.</summary>
    public ModelSize DenseAsGoodAs(double loss)
    {
        ModelSize[] good = [.. settings.Sizes.Where(size => Loss(size, MixtureArm.Dense).Value <= loss)];
        return good.Length == 0 ? Best(MixtureArm.Dense) : good.MaxBy(size => Median(Speed(size, MixtureArm.Dense)!.TokensPerSecond))!;
    }

    public static double Median(IEnumerable<double> values) => values.Median();
}
