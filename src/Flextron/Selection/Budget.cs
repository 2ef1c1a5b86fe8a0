using System.Globalization;
using System.Text.RegularExpressions;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Selection;

/// <summary>
/// A budget as a user writes it: <c>0.5</c> (share of the full latency), <c>12ms</c>, <c>300MB</c>, <c>5M</c> (parameters), <c>uniform:0.5</c>,
/// or a JSON file of per-block choices.
/// </summary>
/// <param name="Kind">What it limits.</param>
/// <param name="Value">The share, milliseconds, bytes or parameters; 0 for choices.</param>
/// <param name="Text">As written.</param>
/// <param name="Choices">The sub-network itself, for <see cref="BudgetKind.Choices"/>.</param>
public sealed partial record Budget(BudgetKind Kind, double Value, string Text, SubNetwork? Choices = null)
{
    private static readonly Dictionary<string, (BudgetKind Kind, double Factor)> Units = new(StringComparer.Ordinal)
    {
        [""] = (BudgetKind.LatencyShare, 1),
        ["us"] = (BudgetKind.Milliseconds, 1e-3), ["ms"] = (BudgetKind.Milliseconds, 1), ["s"] = (BudgetKind.Milliseconds, 1e3),
        ["K"] = (BudgetKind.Parameters, 1e3), ["M"] = (BudgetKind.Parameters, 1e6), ["B"] = (BudgetKind.Parameters, 1e9),
        ["KB"] = (BudgetKind.Bytes, 1e3), ["MB"] = (BudgetKind.Bytes, 1e6), ["GB"] = (BudgetKind.Bytes, 1e9),
        ["KiB"] = (BudgetKind.Bytes, 1024), ["MiB"] = (BudgetKind.Bytes, 1048576), ["GiB"] = (BudgetKind.Bytes, 1073741824),
    };

    /// <summary>Reads a budget.</summary>
    /// <exception cref="FlextronException">Not one of the forms, out of range, or the file cannot be read.</exception>
    public static Budget Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string trimmed = text.Trim();
        if (trimmed.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || File.Exists(trimmed))
            return new Budget(BudgetKind.Choices, 0, trimmed, BudgetFile.Load(trimmed));
        bool uniform = trimmed.StartsWith("uniform:", StringComparison.Ordinal);
        Match match = Number().Match(uniform ? trimmed["uniform:".Length..] : trimmed);
        if (!match.Success || !Units.TryGetValue(match.Groups["unit"].Value, out (BudgetKind Kind, double Factor) unit) || (uniform && unit.Kind != BudgetKind.LatencyShare))
            throw new FlextronException($"\"{text}\" is not a budget: write 0.5 (share of the full latency), 12ms, 300MB, 5M (parameters), uniform:0.5, or a JSON file of choices.");
        double value = double.Parse(match.Groups["number"].Value, NumberStyles.Float, CultureInfo.InvariantCulture) * unit.Factor;
        if (unit.Kind == BudgetKind.LatencyShare && value is not (> 0 and <= 1))
            throw new FlextronException($"The budget \"{text}\" is a share and must be above 0 and at most 1: write 0.5 for half, or add a unit such as ms, MB or M.");
        if (!(value > 0) || !double.IsFinite(value)) throw new FlextronException($"The budget \"{text}\" must be a positive number.");
        return new Budget(uniform ? BudgetKind.Uniform : unit.Kind, value, trimmed);
    }

    /// <summary>Finds the sub-network.</summary>
    /// <param name="selector">Model, space, and what is known of costs and losses.</param>
    /// <param name="router">
    /// Proposes a network for a latency target between 0 (the smallest network's) and 1 (the full one's); its answer is repaired to fit.
    /// </param>
    /// <exception cref="FlextronException">It needs a latency table that is not there, is too small, or its choices do not fit the model.</exception>
    public SelectedNetwork Resolve(NetworkSelector selector, Func<double, SubNetwork>? router = null)
    {
        ArgumentNullException.ThrowIfNull(selector);
        switch (Kind)
        {
            case BudgetKind.Uniform:
                return selector.Describe(selector.Space.Uniform(Value), selector.Latency ?? AnalyticCosts.Parameters(selector.Config));
            case BudgetKind.Choices:
                return selector.Describe(Choices!, selector.Latency ?? AnalyticCosts.Parameters(selector.Config));
            case BudgetKind.Parameters:
                return selector.Select(Value, AnalyticCosts.Parameters(selector.Config));
            case BudgetKind.Bytes:
                return selector.Select(Value, selector.ByteCosts);
            default:
                ICostTable latency = selector.Latency
                    ?? throw new FlextronException($"The budget {Text} needs a latency table: run `flextron profile` first, or give a budget in parameters (5M) or uniform:0.5.");
                ElasticSpace routed = selector.Space.Blockwise;
                (double least, double full) = (latency.Cost(routed.Smallest), latency.Cost(routed.Largest));
                double target = Kind == BudgetKind.LatencyShare ? Value * full : Value;
                double normalised = full > least ? Math.Clamp((target - least) / (full - least), 0, 1) : 1;
                // A target below the smallest that routers can choose is not for them: Select leaves blocks out, or refuses it.
                return selector.Select(target, latency, target >= least ? router?.Invoke(normalised) : null);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    [GeneratedRegex(@"^(?<number>[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?|\.[0-9]+)\s*(?<unit>[A-Za-z]*)$")]
    private static partial Regex Number();
}
