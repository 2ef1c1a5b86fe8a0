using System.CommandLine;
using Flextron.Models;
using Flextron.Selection;

namespace Flextron.Cli.CommandLine;

/// <summary>Turns what is typed after <c>--budget</c> into a sub-network.</summary>
internal static class BudgetArgument
{
    /// <summary>The budget that is no limit: the whole network.</summary>
    public const string Full = "full";

    /// <summary>The usual option.</summary>
    public static Option<string> Option() => new("--budget")
    {
        Description = "Which sub-network: full, 0.5 (share of the full latency), 12ms, 300MB, 5M (parameters), uniform:0.5, or a JSON file of per-block choices.",
        HelpName = "budget",
        DefaultValueFactory = _ => Full,
    };

    /// <summary>The sub-network of a budget.</summary>
    /// <exception cref="FlextronException">It cannot be read, needs a latency table that is not there, or no sub-network meets it.</exception>
    public static SubNetwork Resolve(string budget, FamilyBundle bundle) =>
        budget == Full ? bundle.Family.Space.Largest : bundle.Resolve(Budget.Parse(budget)).SubNetwork;
}
