using System.Globalization;

namespace Flextron.Routing.Dynamic;

/// <summary>How dynamic routers are trained.</summary>
public sealed record DynamicRouterSettings
{
    /// <summary>From the measured loss of every token, or through a surrogate.</summary>
    public DynamicRoutingMethod Method { get; init; } = DynamicRoutingMethod.TokenLosses;

    /// <summary>
    /// Whether tokens choose their heads too. By default attention is the static network's at each target, so that no keys and values are missing, and tokens
    /// choose neurons.
    /// </summary>
    public bool RouteAttention { get; init; }

    /// <summary>Steps on the routers in each of the surrogate's rounds.</summary>
    public int Steps { get; init; } = 200;

    /// <summary>Sequences per step, each with its own latency target.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Tokens per sequence; the model's context where that is shorter.</summary>
    public int SequenceLength { get; init; } = 128;

    /// <summary>Adam's learning rate; falls to a tenth.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>λ: price of missing the target by the whole range of latencies, in the range of losses between smallest and whole network.</summary>
    public double LatencyWeight { get; init; } = 10;

    /// <summary>Temperature of the first draws.</summary>
    public double StartTemperature { get; init; } = 1;

    /// <summary>Temperature of the last draws; between them it falls geometrically.</summary>
    public double EndTemperature { get; init; } = 0.5;

    /// <summary>Rounds of exploring, fitting and training, with the surrogate; token losses are measured in all batches at once.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Batches measured in each round.</summary>
    public int ExplorationBatches { get; init; } = 16;

    /// <summary>Hidden neurons of the surrogate.</summary>
    public int SurrogateSize { get; init; } = 128;

    /// <summary>Steps of one fit: of the surrogate, or of the routers to token losses.</summary>
    public int FitSteps { get; init; } = 600;

    /// <summary>Targets at which it is measured how routers share the budget among layers.</summary>
    public int BudgetTargets { get; init; } = 25;

    /// <summary>Seed of batches, targets and draws.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public DynamicRouterSettings Validated()
    {
        static void Require(bool holds, FormattableString what)
        {
            if (!holds) throw new FlextronException($"Dynamic routing settings: {what.ToString(CultureInfo.InvariantCulture)}.");
        }

        Require(!RouteAttention || Method == DynamicRoutingMethod.Surrogate, $"routeAttention is {RouteAttention}, but what a token's heads are worth is only known to the surrogate: set method to surrogate");
        Require(Steps >= 0, $"steps is {Steps}, give 0 or more");
        Require(BatchSize >= 1, $"batchSize is {BatchSize}, give 1 or more");
        Require(SequenceLength >= 2, $"sequenceLength is {SequenceLength}, give 2 or more");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), $"learningRate is {LearningRate}, give a positive number");
        Require(LatencyWeight >= 0 && double.IsFinite(LatencyWeight), $"latencyWeight is {LatencyWeight}, give 0 or more");
        Require(EndTemperature > 0 && StartTemperature >= EndTemperature && double.IsFinite(StartTemperature), $"the temperature goes from {StartTemperature} to {EndTemperature}, let it fall and stay above 0");
        Require(Rounds >= 1 && ExplorationBatches >= 2, $"rounds is {Rounds} and explorationBatches {ExplorationBatches}, give 1 and 2 or more");
        Require(SurrogateSize >= 1 && FitSteps >= 1, $"surrogateSize is {SurrogateSize} and fitSteps {FitSteps}, give 1 or more");
        Require(BudgetTargets >= 2, $"budgetTargets is {BudgetTargets}, give 2 or more");
        return this;
    }
}
