using Flextron.Workbench.Experiments;
using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>All outcomes, and what follows from them over seeds.</summary>
internal sealed class MixtureResults(
    MixtureComparisonSettings settings, IReadOnlyDictionary<(ModelSize Size, MixtureArm Arm, long Seed), MixtureOutcome> outcomes, IReadOnlyList<DecodeSpeed> speeds)
{
    public MixtureComparisonSettings Settings => settings;

    public bool HasSpeeds => speeds.Count > 0;

    public MixtureOutcome Of(ModelSize size, MixtureArm arm, long seed) => outcomes[(size, arm, seed)];

    public bool Has(MixtureArm arm) => settings.Arms.Contains(arm);

    /// <summary>A value's mean over seeds with its t interval.</summary>
    public SummaryValue OverSeeds(Func<long, double> value) => SummaryValue.OfValues([.. settings.Seeds.Select(value)]);

    public SummaryValue Loss(ModelSize size, MixtureArm arm) => OverSeeds(s => Of(size, arm, s).Loss.Mean);

    /// <summary>Loss as it can be generated with: by the model's causal sampler where routers choose, as trained for the others.</summary>
    public double CausalLoss(ModelSize size, MixtureArm arm, long seed) => Of(size, arm, seed) is var o && o.Of(settings.Mixture.Sampler) is { } sampler ? sampler.Causal.Mean : o.Loss.Mean;

    /// <summary>The size of the lowest mean loss.</summary>
    public ModelSize Best(MixtureArm arm) => settings.Sizes.MinBy(size => Loss(size, arm).Value)!;

    /// <summary>Difference of two losses at each one's best size, paired by seed.</summary>
    public SummaryValue BestDifference(MixtureArm arm, MixtureArm against) => OverSeeds(s => Of(Best(arm), arm, s).Loss.Mean - Of(Best(against), against, s).Loss.Mean);

    /// <summary>The same of losses as they can be generated with.</summary>
    public SummaryValue CausalDifference(MixtureArm arm, MixtureArm against) => OverSeeds(s => CausalLoss(Best(arm), arm, s) - CausalLoss(Best(against), against, s));

    public DecodeSpeed? Speed(ModelSize size, MixtureArm arm) => speeds.FirstOrDefault(s => s.Size == size.Label && s.Arm == arm);

    /// <summary>Loss and decode time by size, for reading off networks of equal loss.</summary>
    public EqualLoss Speeds(MixtureArm arm) => new([.. settings.Sizes.Where(size => Speed(size, arm) is not null).Select(size => new EqualLoss.Point(
        Of(size, arm, settings.Seeds[0]).Parameters, OverSeeds(s => CausalLoss(size, arm, s)).Value, 1 / Median(Speed(size, arm)!.TokensPerSecond)))]);

    public static double Median(IEnumerable<double> values) => values.Median();
}
