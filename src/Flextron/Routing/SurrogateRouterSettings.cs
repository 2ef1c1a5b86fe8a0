using System.Globalization;

namespace Flextron.Routing;

/// <summary>
/// Settings of router training through the surrogate. The defaults measure about 500 networks; at 50 ms each the phase takes about 30 s.
/// </summary>
public sealed record SurrogateRouterSettings
{
    /// <summary>Shape of the routers.</summary>
    public StaticRouterSettings Router { get; init; } = new();

    /// <summary>Size and fitting of the surrogate.</summary>
    public SurrogateSettings Surrogate { get; init; } = new();

    /// <summary>Rounds of exploring, fitting and training.</summary>
    public int Rounds { get; init; } = 4;

    /// <summary>New networks measured in the first round: uniform ones, random ones, and ones that the warm-started routers choose under noise.</summary>
    public int FirstRoundNetworks { get; init; } = 208;

    /// <summary>New networks measured in every later round, at most.</summary>
    public int NetworksPerRound { get; init; } = 96;

    /// <summary>Share of a uniform draw in every layer's exploration, so that no choice dies out unseen.</summary>
    public double ExplorationShare { get; init; } = 0.15;

    /// <summary>Adam steps of the warm start.</summary>
    public int WarmStartSteps { get; init; } = 300;

    /// <summary>Adam steps on the routers per round.</summary>
    public int RouterSteps { get; init; } = 500;

    /// <summary>Random targets per step.</summary>
    public int TargetsPerStep { get; init; } = 64;

    /// <summary>Adam's learning rate for the routers; falls to a tenth over each round.</summary>
    public double RouterLearningRate { get; init; } = 0.01;

    /// <summary>λ: price of missing the target by the whole range of latencies, in standard deviations of the loss.</summary>
    public double LatencyWeight { get; init; } = 50;

    /// <summary>Temperature at the start of a round.</summary>
    public double StartTemperature { get; init; } = 1;

    /// <summary>Temperature at the end of a round; between them it falls geometrically.</summary>
    public double EndTemperature { get; init; } = 0.2;

    /// <summary>η at the end of a round, in standard deviations of the loss; it rises linearly from 0 and makes the choices firm.</summary>
    public double EntropyWeight { get; init; } = 0.2;

    /// <summary>Targets, evenly spaced from 0 to 1, whose chosen networks are measured after every round.</summary>
    public int ReportTargets { get; init; } = 9;

    /// <summary>Seed of exploration and of training targets.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public SurrogateRouterSettings Validated()
    {
        static void Require(bool holds, FormattableString what)
        {
            if (!holds) throw new FlextronException($"Routing settings: {what.ToString(CultureInfo.InvariantCulture)}.");
        }

        Router.Validated();
        Surrogate.Validated();
        Require(Rounds >= 1, $"rounds is {Rounds}, give 1 or more");
        Require(FirstRoundNetworks >= 8, $"firstRoundNetworks is {FirstRoundNetworks}, give 8 or more");
        Require(NetworksPerRound >= 0, $"networksPerRound is {NetworksPerRound}, give 0 or more");
        Require(ExplorationShare is >= 0 and <= 1, $"explorationShare is {ExplorationShare}, give 0 to 1");
        Require(WarmStartSteps >= 0, $"warmStartSteps is {WarmStartSteps}, give 0 or more");
        Require(RouterSteps >= 1, $"routerSteps is {RouterSteps}, give 1 or more");
        Require(TargetsPerStep >= 1, $"targetsPerStep is {TargetsPerStep}, give 1 or more");
        Require(RouterLearningRate > 0 && double.IsFinite(RouterLearningRate), $"routerLearningRate is {RouterLearningRate}, give a positive number");
        Require(LatencyWeight >= 0 && double.IsFinite(LatencyWeight), $"latencyWeight is {LatencyWeight}, give 0 or more");
        Require(EntropyWeight >= 0 && double.IsFinite(EntropyWeight), $"entropyWeight is {EntropyWeight}, give 0 or more");
        Require(EndTemperature > 0 && StartTemperature >= EndTemperature && double.IsFinite(StartTemperature), $"the temperature goes from {StartTemperature} to {EndTemperature}, let it fall and stay above 0");
        Require(ReportTargets >= 2, $"reportTargets is {ReportTargets}, give 2 or more");
        return this;
    }
}
