using System.Globalization;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.Comparisons;

/// <summary>What the arms came to, and its statistics: means over seeds, differences paired by seed and by held-out window.</summary>
internal sealed class ComparisonResults(
    JointComparisonSettings settings, IReadOnlyList<CorpusPart> corpus, IReadOnlyList<MeasuredBudget> budgets,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, LossEstimate>> before, IReadOnlyDictionary<(string Arm, long Seed), ArmOutcome> outcomes)
{
    public JointComparisonSettings Settings { get; } = settings;

    public IReadOnlyList<CorpusPart> Corpus { get; } = corpus;

    public IReadOnlyList<MeasuredBudget> Budgets { get; } = budgets;

    public TimeSpan Duration { get; } = TimeSpan.FromSeconds(outcomes.Values.Sum(o => o.Seconds));

    /// <summary>Windows that every loss is a mean over.</summary>
    public int Windows { get; } = outcomes.Values.First().After.Values.First().PerWindow.Count;

    public ArmOutcome Outcome(string arm, long seed) => outcomes[(arm, seed)];

    /// <summary>Whether an arm was measured at a budget: those that train one sub-network alone have only that.</summary>
    public bool Has(string arm, MeasuredBudget budget) => Outcome(arm, Settings.Seeds[0]).After.ContainsKey(budget.Label);

    /// <summary>Budgets that all of some arms were measured at.</summary>
    public IReadOnlyList<MeasuredBudget> Common(IEnumerable<string> arms) => [.. Budgets.Where(b => arms.All(a => Has(a, b)))];

    /// <summary>Losses of a budget before training in an arm's order; an arm that starts afresh has none.</summary>
    public LossEstimate? Before(string arm, long seed, MeasuredBudget budget) =>
        Settings.Arms[arm].Fresh ? null : before[ArmStage.OrderKey(Settings.Arms[arm].Order, seed)][budget.Label];

    public LossEstimate After(string arm, long seed, MeasuredBudget budget) => Outcome(arm, seed).After[budget.Label];

    /// <summary>Mean over seeds of a value that each seed has.</summary>
    public SummaryValue OverSeeds(Func<long, double> value) => BySeed("", value).ToSummary();

    /// <summary>A value that each seed has, seed by seed.</summary>
    public Observations BySeed(string name, Func<long, double> value) =>
        new(name, "seed", "", [.. Settings.Seeds.Select(s => s.ToString(CultureInfo.InvariantCulture))], [.. Settings.Seeds.Select(value)]);

    public SummaryValue Loss(string arm, MeasuredBudget budget) => OverSeeds(s => After(arm, s, budget).Mean);

    public SummaryValue LossBefore(string arm, MeasuredBudget budget) => OverSeeds(s => Before(arm, s, budget)?.Mean ?? double.NaN);

    /// <summary>After − before.</summary>
    public SummaryValue LossChange(string arm, MeasuredBudget budget) => OverSeeds(s => After(arm, s, budget).Mean - (Before(arm, s, budget)?.Mean ?? double.NaN));

    /// <summary>One arm − another, seed by seed.</summary>
    public SummaryValue Difference(string arm, string other, MeasuredBudget budget) => OverSeeds(s => After(arm, s, budget).Mean - After(other, s, budget).Mean);

    /// <summary>Standard error over held-out windows of the same difference, averaged over seeds first: what other text would change.</summary>
    public double WindowError(string arm, string other, MeasuredBudget budget)
    {
        double[] perWindow = new double[After(arm, Settings.Seeds[0], budget).PerWindow.Count];
        foreach (long seed in Settings.Seeds)
        {
            (IReadOnlyList<double> a, IReadOnlyList<double> b) = (After(arm, seed, budget).PerWindow, After(other, seed, budget).PerWindow);
            for (int i = 0; i < perWindow.Length; i++) perWindow[i] += (a[i] - b[i]) / Settings.Seeds.Count;
        }
        return new LossEstimate(perWindow).StandardError;
    }

    /// <summary>The whole network among the budgets.</summary>
    public MeasuredBudget Whole { get; } = budgets.Single(b => b.IsWhole);

    /// <summary>Mean loss over all budgets smaller than the whole; the arm must have all of them.</summary>
    public double Smaller(string arm, long seed) => Budgets.Where(b => !b.IsWhole).Average(b => After(arm, seed, b).Mean);

    /// <summary>Arms that train the family, not one sub-network alone.</summary>
    public IReadOnlyList<string> FamilyArms => [.. Settings.Arms.Where(a => a.Value.Only is null).Select(a => a.Key)];
}
