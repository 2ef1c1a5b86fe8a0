using System.Text.Json.Serialization;
using Flextron.Routing.Dynamic;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>One way of routing tokens that is compared.</summary>
/// <param name="Method">How the routers were taught.</param>
/// <param name="Joint">Whether the LM was trained under their choices, or as many steps under static ones.</param>
/// <param name="Keeping">What keeps the budget.</param>
internal sealed record DynamicArm(DynamicRoutingMethod Method, bool Joint, BudgetKeeping Keeping)
{
    /// <summary>Whether no token's widths depend on later tokens, so that its losses are a language model's.</summary>
    [JsonIgnore]
    public bool IsCausal => Keeping != BudgetKeeping.Capacities;

    /// <summary>For reports.</summary>
    [JsonIgnore]
    public string Words => (Method == DynamicRoutingMethod.Surrogate ? "surrogate" : "token losses") + (Joint ? ", LM trained so" : "") + (IsCausal ? "" : ", capacities");

    /// <summary>For names of files and figures.</summary>
    [JsonIgnore]
    public string Name => Method.ToString().ToLowerInvariant() + (Joint ? "-joint" : "") + (IsCausal ? "" : "-capacities");

    /// <summary>The arms of the settings: each method on the static routers' LM and, where there are steps for it, on one trained under its choices; capacities on the last.</summary>
    public static IReadOnlyList<DynamicArm> Of(RoutingComparisonSettings settings)
    {
        bool joint = settings.DynamicJoint.Training.Steps > 0;
        return [.. settings.DynamicMethods.SelectMany(method => new[] { new DynamicArm(method, false, BudgetKeeping.Causal) }
            .Concat(joint ? [new DynamicArm(method, true, BudgetKeeping.Causal)] : []).Append(new DynamicArm(method, joint, BudgetKeeping.Capacities)))];
    }
}
