using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Native;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing;

/// <summary>
/// Trains static routers through a surrogate of the LM loss (FLEXTRON, ICML 2024, section 4.2). Rounds of: measure networks that the routers
/// choose under noise, fit the surrogate, freeze it and train the routers through it.
/// </summary>
public sealed class SurrogateRouterTrainer
{
    private readonly ElasticSpace space;
    private readonly RoutingCosts costs;
    private readonly SurrogateRouterSettings settings;
    private readonly ReplayBuffer replay;

    private SurrogateRouterTrainer(ElasticSpace space, RoutingCosts costs, Func<SubNetwork, double> loss, SurrogateRouterSettings settings)
    {
        this.space = space = space.Blockwise;
        this.costs = costs.ValidatedFor(space);
        this.settings = settings.Validated();
        replay = new ReplayBuffer(space, loss, settings.Surrogate.HeldOutShare, settings.Surrogate.Seed);
    }

    /// <summary>Trains routers from scratch.</summary>
    /// <param name="space">The family's choices.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="loss">Measures a network's LM loss, always on the same text; called once per distinct network.</param>
    /// <param name="settings">How.</param>
    /// <param name="progress">Reports measured networks and router steps.</param>
    /// <param name="cancellation">Stops between networks and between steps.</param>
    /// <returns>Routers and figures; dispose it.</returns>
    /// <exception cref="FlextronException">Costs or settings do not fit, or a loss is not a number.</exception>
    public static SurrogateRouterResult Run(
        ElasticSpace space,
        RoutingCosts costs,
        Func<SubNetwork, double> loss,
        SurrogateRouterSettings? settings = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(loss);
        return new SurrogateRouterTrainer(space, costs, loss, settings ?? new SurrogateRouterSettings()).Run(progress, cancellation);
    }

    private SurrogateRouterResult Run(IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        var routers = new StaticRouters(space, settings.Router);
        var surrogate = new Surrogate(ChoiceVector.Length(space), settings.Surrogate);
        try
        {
            RouterWarmStart.Run(routers, costs, settings.WarmStartSteps);
            var rounds = new List<RoutingRound>();
            for (int round = 1; round <= settings.Rounds; round++)
            {
                int before = replay.Pairs.Count;
                Explore(routers, round, progress, cancellation);
                ReplayPair[] explored = replay.Pairs.Skip(before).Where(IsOneHot).ToArray();
                SurrogateFit? fresh = round > 1 ? surrogate.Judge(explored) : null;
                int epochs = surrogate.Fit(replay.Train, replay.Validation);
                ReplayPair[] heldOut = [.. replay.HeldOut];
                rounds.Add(TrainRouters(routers, surrogate, round, progress, cancellation) with
                {
                    Fresh = fresh,
                    HeldOut = surrogate.Judge(heldOut.Where(IsOneHot).ToArray()),
                    HeldOutSoft = surrogate.Judge(heldOut.Where(p => !IsOneHot(p)).ToArray()),
                    Epochs = epochs,
                });
            }
            return new SurrogateRouterResult(routers, surrogate, replay, new RoutingReport(rounds, surrogate.Scale));
        }
        catch
        {
            routers.Dispose();
            surrogate.Dispose();
            throw;
        }
    }

    private static bool IsOneHot(ReplayPair pair) => pair.Choices_R.All(p => p is 0 or 1);

    /// <summary>
    /// Measures new networks. The first round adds the corners, uniform widths (a quarter) and independent random choices (a quarter); all
    /// else, and all of later rounds, is what the routers choose at random targets under Gumbel noise.
    /// </summary>
    private void Explore(StaticRouters routers, int round, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        Random random = Seeds.Stream(settings.Seed, "exploration", round);
        int wanted = (int)Math.Min(round == 1 ? settings.FirstRoundNetworks : settings.NetworksPerRound, space.Size - replay.Losses.Count), found = 0;
        void Count(bool isNew)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!isNew) return;
            found++;
            progress?.Report(new StageProgress($"exploring, round {round}", found, wanted));
        }

        if (round == 1)
        {
            Count(replay.Add(space.Smallest));
            Count(replay.Add(space.Largest));
            BlockShape[] shapes = [.. space.KvGroups.SelectMany(g => space.Neurons.Select(n => new BlockShape(g, n)))];
            random.Shuffle(shapes);
            foreach (BlockShape shape in shapes.Take(wanted / 4)) Count(replay.Add(new SubNetwork(Enumerable.Repeat(shape, space.BlockCount))));
            for (int i = 0; i < wanted / 4; i++) Count(replay.Add(space.Random(random)));
        }
        // Small spaces run out of new networks: the number of draws is limited as well.
        for (int draws = 0; found < wanted && draws < 20 * wanted; draws++)
        {
            // Softer vectors would tell the surrogate that the loss jumps in the interior, where argmax does: that costs accuracy at the corners.
            double temperature = settings.EndTemperature * (0.5 + 0.5 * random.NextDouble());
            float[] choices = routers.ChoiceRows([random.NextDouble()], round == 1 ? 1 : settings.EndTemperature)[0];
            Count(replay.Add(RouterNoise.GumbelSoftmax(space, choices, settings.ExplorationShare, temperature, random)));
        }
    }

    private RoutingRound TrainRouters(StaticRouters routers, Surrogate surrogate, int round, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        Random random = Seeds.Stream(settings.Seed, "targets", round);
        using var adam = optim.Adam(routers.Parameters, settings.RouterLearningRate);
        double first = double.NaN, last = double.NaN, loss = double.NaN, excess = double.NaN;
        for (int step = 0; step < settings.RouterSteps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using SingleThread single = SingleThread.Enter();
            using var scope = NewDisposeScope();
            double done = settings.RouterSteps == 1 ? 1 : step / (settings.RouterSteps - 1.0);
            adam.zero_grad();
            adam.ParamGroups.First().LearningRate = settings.RouterLearningRate * (1 - 0.9 * done);
            double temperature = settings.StartTemperature * Math.Pow(settings.EndTemperature / settings.StartTemperature, done);
            RouterObjective objective = RouterObjective.Of(
                routers, surrogate, costs, Targets(random, settings.TargetsPerStep), temperature, settings.LatencyWeight, settings.EntropyWeight * done);
            objective.Total.backward();
            adam.step();
            if (step == 0) first = objective.Total.item<float>();
            if (step < settings.RouterSteps - 1) continue;
            last = objective.Total.item<float>();
            loss = surrogate.Mean + surrogate.Scale * objective.Loss.item<float>();
            excess = objective.Excess.item<float>();
            progress?.Report(new StageProgress("training routers", round, settings.Rounds, string.Create(CultureInfo.InvariantCulture, $"loss {loss:0.000}")));
        }

        double[] targets = Enumerable.Range(0, settings.ReportTargets).Select(i => i / (settings.ReportTargets - 1.0)).ToArray();
        IReadOnlyList<SubNetwork> networks = routers.Select(targets);
        double[] predicted = surrogate.Predict(networks.Select(n => ChoiceVector.OneHot(space, n)));
        IReadOnlyList<float[]> soft = routers.ChoiceRows(targets, settings.EndTemperature);
        foreach (float[] choices in soft) replay.Add(choices);
        RoutePoint[] points = targets.Select((t, i) =>
        {
            replay.Add(networks[i]);
            double cost = costs.Hard(networks[i], space);
            return new RoutePoint(t, networks[i], cost, costs.Normalised(cost), predicted[i], replay.Losses[networks[i]]);
        }).ToArray();
        var none = new SurrogateFit(0, double.NaN, double.NaN, double.NaN, double.NaN);
        return new RoutingRound(round, replay.Losses.Count, replay.Pairs.Count, null, none, none, 0, first, last, loss, excess, Firmness(soft), points);
    }

    /// <summary>One random target in each of equally wide strata, so that every batch covers the range.</summary>
    internal static Tensor Targets(Random random, int count) =>
        NativeTensor.Of(Enumerable.Range(0, count).Select(i => (float)((i + random.NextDouble()) / count)).ToArray());

    private double Firmness(IReadOnlyList<float[]> rows)
    {
        var highest = new List<double>();
        foreach (float[] row in rows)
        {
            int at = 0;
            foreach (int count in ChoiceVector.Layers(space))
            {
                highest.Add(row.AsSpan(at, count).ToArray().Max());
                at += count;
            }
        }
        return highest.Average();
    }
}
