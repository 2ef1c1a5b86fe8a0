using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Routing.Dynamic;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Selection;

/// <summary>
/// An elastic family with everything that choosing a sub-network needs, as one folder: the weights, the latency table, the loss
/// sensitivities and the routers. What is missing limits only the budgets that need it.
/// </summary>
public sealed class FamilyBundle : IDisposable
{
    /// <summary>The latency table's name inside a family folder.</summary>
    public const string TableName = "latency.json";

    /// <summary>Name inside a family folder of a table measured on the decode engine.</summary>
    public const string DecodeTableName = "decode.json";

    /// <summary>The sensitivities' name inside a family folder.</summary>
    public const string SensitivitiesName = "sensitivities.json";

    /// <summary>The measured networks' name inside a family folder.</summary>
    public const string MeasuredName = "measured.json";

    /// <summary>The routers' folder inside a family folder.</summary>
    public const string RoutersName = "routers";

    private FamilyBundle(ElasticFamily family, LatencyTable? table, LossSensitivities? sensitivities, MeasuredNetworks? measured, StaticRouters? routers, DynamicRouters? dynamic)
    {
        Family = family;
        Table = table;
        Routers = routers;
        Dynamic = dynamic;
        Selector = new NetworkSelector(family.Model.Config, family.Space)
        {
            // Predictions by another machine's table would be wrong; budgets in time are refused in Resolve, which says why.
            Latency = table is not null && table.Key.DifferenceTo(table.Key.Here(family.Model)) is null ? table : null,
            Sensitivities = sensitivities,
            Measured = measured,
            BytesPerElement = (int)family.Model.Weights.Flat.element_size(),
        };
    }

    /// <summary>Model and legal widths.</summary>
    public ElasticFamily Family { get; }

    /// <summary>The latency table, measured on this machine.</summary>
    public LatencyTable? Table { get; }

    /// <summary>Trained routers.</summary>
    public StaticRouters? Routers { get; }

    /// <summary>Routers that choose for every token.</summary>
    public DynamicRouters? Dynamic { get; }

    /// <summary>Chooses within budgets.</summary>
    public NetworkSelector Selector { get; }

    /// <summary>Loads a family and what lies beside it.</summary>
    /// <param name="path">A family folder, or any model.</param>
    /// <param name="table">A latency table elsewhere; the family's own by default.</param>
    /// <param name="dtype">Element type of the weights.</param>
    /// <param name="device">Where.</param>
    /// <exception cref="FlextronException">Something is damaged or was made for other choices. A table of another machine is refused only where a budget needs it.</exception>
    public static FamilyBundle Load(string path, string? table = null, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ElasticFamily family = ElasticFamily.Load(path, dtype, device);
        StaticRouters? fixedRouters = null;
        try
        {
            string tablePath = table ?? Path.Combine(path, TableName), sensitivities = Path.Combine(path, SensitivitiesName), measured = Path.Combine(path, MeasuredName), routers = Path.Combine(path, RoutersName);
            if (Directory.Exists(routers)) fixedRouters = StaticRouters.Load(routers, family.Space);
            LatencyTable? latency = table is not null || File.Exists(tablePath) ? LatencyTable.Load(tablePath) : null;
            return new FamilyBundle(
                family,
                latency,
                File.Exists(sensitivities) ? LossSensitivities.Load(sensitivities, family.Space) : null,
                File.Exists(measured) ? MeasuredNetworks.Load(measured, family.Space) : null,
                fixedRouters,
                File.Exists(Path.Combine(routers, DynamicRouters.SettingsName)) ? DynamicRouters.Load(routers, family.Space, family.Model.Config.HiddenSize) : null);
        }
        catch
        {
            fixedRouters?.Dispose();
            family.Dispose();
            throw;
        }
    }

    /// <summary>Finds the sub-network for a budget: the router proposes where there is one, and its answer is repaired to fit the table.</summary>
    /// <exception cref="FlextronException">The budget is below the smallest network, needs a table that is not there, or the table is another machine's.</exception>
    public SelectedNetwork Resolve(Budget budget)
    {
        ArgumentNullException.ThrowIfNull(budget);
        if (budget.Kind is BudgetKind.LatencyShare or BudgetKind.Milliseconds) Table?.RequireMatch(Table.Key.Here(Family.Model));
        return budget.Resolve(Selector, Routers is null ? null : Routers.Select);
    }

    /// <summary>Finds the sub-network for a budget of time per generated token.</summary>
    /// <param name="budget">A share of the whole network's time, or milliseconds.</param>
    /// <param name="decoding">Measured with generation: see <see cref="DecodeTables.Find"/>.</param>
    /// <exception cref="FlextronException">The budget is no budget of time, or below the smallest network.</exception>
    public SelectedNetwork ResolveDecoding(Budget budget, LatencyTable decoding)
    {
        ArgumentNullException.ThrowIfNull(budget);
        ArgumentNullException.ThrowIfNull(decoding);
        if (budget.Kind is not (BudgetKind.LatencyShare or BudgetKind.Milliseconds))
            throw new FlextronException($"{budget} is no budget of time per token: give a share such as 0.6, or milliseconds such as 2ms.");
        return budget.Resolve(Selector.WithLatency(decoding.DecodeStepCosts()), Routers is null ? null : Routers.Select);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Routers?.Dispose();
        Dynamic?.Dispose();
        Family.Dispose();
    }
}
