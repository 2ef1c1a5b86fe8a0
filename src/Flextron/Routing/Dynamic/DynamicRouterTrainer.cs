using Flextron.Data;
using Flextron.Models;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Trains dynamic routers while the LM stays frozen: on measured losses of tokens, or through a surrogate that reads the final hidden state beside the choices
/// (FLEXTRON, ICML 2024, section 4.2). Afterwards it finds, target by target, the price of time at which the routers spend it, and what each layer then spends.
/// </summary>
public static class DynamicRouterTrainer
{
    // Windows of text that prices are found on, and passes over them: what a layer asks for depends on what the layers before it chose.
    private const int PriceWindows = 8, PricePasses = 3;

    /// <summary>Trains.</summary>
    /// <param name="model">The LM.</param>
    /// <param name="start">Static routers to begin with.</param>
    /// <param name="baseline">The static network for a normalised target; its attention is the dynamic routers' too, unless they route attention.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="text">What losses are taken on.</param>
    /// <param name="settings">How.</param>
    /// <param name="lossRange">Loss of the smallest minus that of the whole network, nats.</param>
    /// <param name="progress">Reports steps.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Routers, which the caller disposes, and what was done.</returns>
    /// <exception cref="FlextronException">Costs or settings do not fit, a baseline exceeds its target, or a loss is not a number.</exception>
    public static (DynamicRouters Routers, DynamicRoutingReport Report) Run(
        DecoderModel model,
        StaticRouters start,
        Func<double, SubNetwork> baseline,
        RoutingCosts costs,
        TokenCorpus text,
        DynamicRouterSettings settings,
        double lossRange,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(baseline);
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        costs.ValidatedFor(start.Space);
        bool measures = settings.Method == DynamicRoutingMethod.TokenLosses;
        // Scores that are losses have nothing in common with a static router's.
        using StaticRouters? blank = measures ? new StaticRouters(start.Space, start.Settings) : null;
        var routers = new DynamicRouters(blank ?? start, model.Config.HiddenSize) { Budgets = Beginning(start, baseline, costs, settings) };
        try
        {
            var windows = new WindowSampler(text, Math.Min(settings.SequenceLength, model.Config.ContextLength), settings.Seed);
            DynamicRoutingReport report = measures
                ? new TokenLossPhase(model, routers, windows, baseline, settings).Run(progress, cancellation)
                : new DynamicSurrogatePhase(model, routers, costs, windows, settings, lossRange).Run(progress, cancellation);
            routers.Budgets = Priced(model, routers, costs, windows);
            return (routers, report);
        }
        catch
        {
            routers.Dispose();
            throw;
        }
    }

    /// <summary>The routers' budgets with the prices of time at which they spend each target, what each layer then spends, and how many tokens take each
    /// choice.</summary>
    /// <param name="model">The LM.</param>
    /// <param name="routers">Its dynamic routers; their budgets give the targets and the attention.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="windows">Text; a few windows are read.</param>
    public static LayerBudgets Priced(DecoderModel model, DynamicRouters routers, RoutingCosts costs, WindowSampler windows)
    {
        ArgumentNullException.ThrowIfNull(routers);
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(windows);
        LayerBudgets budgets = routers.Budgets ?? throw new ArgumentException("The routers have no layer budgets yet.", nameof(routers));
        double[][] layers = costs.Layers();
        var dynamic = new DynamicModel(model, routers.Space);
        long[] some = windows.Spread(PriceWindows);
        using var scope = NewDisposeScope();
        Tensor ids_BT = windows.Windows(some).Input_BT.to(model.Device);
        var (prices, spent, taken) = (new List<double>(), new List<IReadOnlyList<double>>(), new List<IReadOnlyList<IReadOnlyList<double>>>());
        for (int i = 0; i < budgets.Targets.Count; i++)
        {
            double target = budgets.Targets[i];
            double price = prices.LastOrDefault();
            double[][] shares = [];
            for (int pass = 0; pass < PricePasses; pass++)
            {
                var at = new LayerBudgets([target], [budgets.Costs[i]]) { Prices = [price], Attention = budgets.Attention is { } given ? [given[i]] : null };
                float[]?[] scores = new float[layers.Length][];
                using var part = NewDisposeScope();
                dynamic.Hidden(ids_BT, new RoutedChoices(routers, at, costs, [.. some.Select(_ => target)], (layer, s) => scores[layer] = (float[])s.Clone()));
                double[][] Shares(double p) => [.. layers.Select((cost, l) =>
                    scores[l] is { } known ? Taken(known, cost, p / (costs.Full - costs.Smallest)) : OneHot(cost.Length, at.Attention![0][l]))];
                double most = costs.Fixed + layers.Select((cost, l) => scores[l] is null ? cost[at.Attention![0][l]] : cost.Max()).Sum();
                price = Price(p => costs.Fixed + layers.Zip(Shares(p), ChoiceCapacities.Mean).Sum(), costs.Target(target), most);
                shares = Shares(price);
            }
            prices.Add(price);
            taken.Add(shares);
            spent.Add([.. layers.Zip(shares, ChoiceCapacities.Mean)]);
        }
        return budgets with { Prices = prices, Costs = spent, Shares = taken };
    }

    private static LayerBudgets Beginning(StaticRouters start, Func<double, SubNetwork> baseline, RoutingCosts costs, DynamicRouterSettings settings)
    {
        double[] grid = [.. Enumerable.Range(0, settings.BudgetTargets).Select(i => i / (settings.BudgetTargets - 1.0))];
        IReadOnlyList<double>[] even = [.. grid.Select(t => (IReadOnlyList<double>)[.. costs.Layers().Select(c => c.Min() + t * (c.Max() - c.Min()))])];
        var budgets = new LayerBudgets(grid, even);
        if (settings.RouteAttention) return budgets;
        return budgets with
        {
            Attention = [.. grid.Select(t =>
            {
                int[] choices = [.. baseline(t).Blocks.Select(b => start.Space.KvGroups.IndexOf(b.KvGroups))];
                if (choices.Contains(-1)) throw new FlextronException($"The static network for the target {t} keeps groups that are not among the elastic choices: propose only legal widths.");
                double least = costs.Fixed + choices.Select((k, b) => costs.Attention[b][k]).Sum() + costs.Mlp.Sum(c => c.Min());
                return least <= costs.Target(t) * (1 + 1e-9) ? (IReadOnlyList<int>)choices
                    : throw new FlextronException(FormattableString.Invariant($"The static network for the target {t} costs more than that: give networks within their targets."));
            })],
        };
    }

    // The least price at which the mean cost is within the target; what is spent falls with the price, in steps. A target that pays for the dearest
    // choices everywhere has the greatest price, at most 0, at which all tokens take them: prices are interpolated between targets, so none may be greater
    // in size than scores call for.
    private static double Price(Func<double, double> spent, double target, double most)
    {
        const int Doublings = 40, Halvings = 60;
        double within = target * (1 + 1e-12), step = 1e-3, low = 0, high = 0;
        bool all = most <= within;
        bool Cheap(double price) => all ? spent(price) < most * (1 - 1e-9) : spent(price) <= within;
        if (Cheap(0))
        {
            for (int i = 0; i < Doublings && Cheap(low); i++) (high, low, step) = (low, -step, 2 * step);
            if (Cheap(low)) return low;
        }
        else
        {
            if (all) return 0;
            for (int i = 0; i < Doublings && !Cheap(high); i++) (low, high, step) = (high, step, 2 * step);
        }
        for (int i = 0; i < Halvings; i++)
        {
            double middle = 0.5 * (low + high);
            if (Cheap(middle)) high = middle;
            else low = middle;
        }
        return all ? low : high;
    }

    private static double[] Taken(float[] scores, double[] cost, double price)
    {
        double[] shares = new double[cost.Length];
        double token = (double)cost.Length / scores.Length;
        for (int at = 0; at < scores.Length; at += cost.Length)
        {
            int best = 0;
            for (int k = 1; k < cost.Length; k++)
                if (scores[at + k] - price * cost[k] > scores[at + best] - price * cost[best]) best = k;
            shares[best] += token;
        }
        return shares;
    }

    private static double[] OneHot(int length, int index)
    {
        double[] shares = new double[length];
        shares[index] = 1;
        return shares;
    }
}
