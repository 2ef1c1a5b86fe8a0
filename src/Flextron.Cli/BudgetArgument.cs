using System.CommandLine;
using System.Globalization;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Storage;

namespace Flextron.Cli;

/// <summary>Turns what is typed after <c>--budget</c> into a sub-network.</summary>
internal static class BudgetArgument
{
    private const string Ways = "give uniform:0.5, full, or a JSON file of per-block choices";

    /// <summary>The usual option.</summary>
    public static Option<string> Option() => new("--budget")
    {
        Description = "Which sub-network: uniform:0.5, full, or a JSON file {\"blocks\":[{\"kvGroups\":4,\"neurons\":384},…]}.",
        HelpName = "budget",
        DefaultValueFactory = _ => "full",
    };

    /// <summary>The sub-network of a budget.</summary>
    /// <exception cref="FlextronException">It cannot be read, or no sub-network meets it.</exception>
    public static SubNetwork Resolve(string budget, ElasticFamily family)
    {
        if (budget == "full") return family.Space.Largest;
        if (budget.StartsWith("uniform:", StringComparison.Ordinal))
        {
            return double.TryParse(budget.AsSpan("uniform:".Length), NumberStyles.Float, CultureInfo.InvariantCulture, out double share) && share is > 0 and <= 1
                ? family.Space.Uniform(share)
                : throw new FlextronException($"The budget {budget} is not possible: give a share above 0, at most 1, such as uniform:0.5.");
        }
        if (!budget.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            throw new FlextronException($"'{budget}' is not a budget that this command reads: {Ways}.");
        Choices choices = FlextronJson.ReadFile<Choices>(budget, "sub-network");
        if (choices.Blocks is not { Count: > 0 }) throw new FlextronException($"{budget} has no \"blocks\": {Ways}.");
        return new SubNetwork(choices.Blocks).ValidatedFor(family.Model.Config);
    }

    private sealed record Choices(IReadOnlyList<BlockShape>? Blocks);
}
