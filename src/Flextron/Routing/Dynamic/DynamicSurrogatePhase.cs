using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Native;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Rounds of: run batches under the routers' choices with noise and real slices, note every token's choices, router inputs and loss above the whole
/// network's; fit the surrogate; freeze it and train the routers through it on the noted inputs.
/// </summary>
internal sealed class DynamicSurrogatePhase(
    DecoderModel model, DynamicRouters routers, RoutingCosts costs, WindowSampler windows, DynamicRouterSettings settings, double lossRange)
{
    // Groups of tokens that share a target in a step on the routers: the budget is a mean over each.
    private const int Groups = 16, TokensPerGroup = 64;

    // Every so many batches one is kept out of fitting.
    private const int HeldOutEvery = 5;

    // Router inputs take layers × channels numbers a token: of large models only some tokens' are kept.
    private const long InputBytes = 256L << 20;

    private readonly double[][] layers = costs.Layers();
    private readonly List<Explored> explored = [];
    private double operations;

    public DynamicRoutingReport Run(IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        ElasticSpace space = routers.Space;
        using var surrogate = new DynamicSurrogate(ChoiceVector.Length(space), model.Config.HiddenSize, settings.SurrogateSize, settings.Seed);
        var losses = new List<double>();
        try
        {
            for (int round = 0; round < settings.Rounds; round++)
            {
                for (int i = 0; i < settings.ExplorationBatches; i++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    explored.Add(Explore(round * settings.ExplorationBatches + i));
                    progress?.Report(new StageProgress($"exploring tokens, round {round + 1}", i + 1, settings.ExplorationBatches));
                }
                using (Explored train = Joined(heldOut: false)) surrogate.Fit(train.Choices_NR, train.Final_NC, train.Rise_N, settings.FitSteps, settings.Seed + round);
                losses.AddRange(TrainRouters(surrogate, round, progress, cancellation));
            }
            using Explored heldOut = Joined(heldOut: true);
            double[] predicted = surrogate.Predict(heldOut.Choices_NR, heldOut.Final_NC), measured = [.. heldOut.Rise_N.data<float>().ToArray().Select(x => (double)x)];
            double[] Means(double[] tokens) => [.. tokens.Chunk(windows.WindowLength).Select(c => c.Average())];
            int tenth = Math.Max(1, losses.Count / 10);
            return new DynamicRoutingReport(DynamicRoutingMethod.Surrogate, operations, losses.Take(tenth).DefaultIfEmpty(double.NaN).Average(), losses.TakeLast(tenth).DefaultIfEmpty(double.NaN).Average(),
                SurrogateFit.Of(predicted, measured), SurrogateFit.Of(Means(predicted), Means(measured)));
        }
        finally
        {
            foreach (Explored batch in explored) batch.Dispose();
        }
    }

    private Explored Explore(int index)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Random random = Seeds.Stream(settings.Seed, "dynamic exploration", index);
        double[] targets = [.. Enumerable.Range(0, settings.BatchSize).Select(i => (i + random.NextDouble()) / settings.BatchSize)];
        (Tensor input_BT, Tensor target_BT) = windows.Batch(index, settings.BatchSize);
        (input_BT, target_BT) = (input_BT.to(model.Device), target_BT.to(model.Device));
        WeightView view = model.View(model.FullNetwork);
        Tensor final_BTC = model.Hidden(view, input_BT);
        using var recorded = new RecordedChoices(new RoutedChoices(routers, costs, targets, BudgetKeeping.Capacities) { Noise = random }, keepInputs: true);
        Tensor logits_BTV = new DynamicModel(model, routers.Space).Forward(input_BT, recorded);
        Tensor Losses(Tensor logits) => functional.cross_entropy(logits.view(-1, model.Config.VocabularySize), target_BT.view(-1), reduction: Reduction.None);
        Tensor rise_N = (Losses(logits_BTV) - Losses(model.Logits(view, final_BTC))).to(ScalarType.Float32).cpu();
        if (!rise_N.isfinite().all().item<bool>()) throw new FlextronException("A token's loss under dynamic routing is not a number: the model is damaged, start from an intact checkpoint.");
        long tokens = rise_N.size(0);
        Tensor OneHot(int layer) => functional.one_hot(tensor(recorded.Of(layer)[0].Select(k => (long)k).ToArray()), layers[layer].Length).to(ScalarType.Float32);
        long perToken = 4L * layers.Length * model.Config.HiddenSize, batches = (long)settings.Rounds * settings.ExplorationBatches;
        long kept = Math.Clamp(InputBytes / (perToken * batches), 1, tokens);
        Tensor kept_M = tensor(Enumerable.Range(0, (int)kept).Select(i => i * tokens / kept).ToArray());
        Tensor Flat(Tensor x_BTC) => x_BTC.reshape(tokens, -1).to(ScalarType.Float32).cpu();
        operations += 2 * LmCompute.Forward(model.Config, model.FullNetwork, settings.BatchSize, windows.WindowLength);
        return new Explored(
            cat([.. Enumerable.Range(0, layers.Length).Select(OneHot)], 1).DetachFromDisposeScope(),
            Unit(Flat(final_BTC)).DetachFromDisposeScope(),
            rise_N.DetachFromDisposeScope(),
            kept_M.DetachFromDisposeScope(),
            [.. Enumerable.Range(0, layers.Length).Select(l => Flat(recorded.Input(l)).index_select(0, kept_M).DetachFromDisposeScope())]);
    }

    private List<double> TrainRouters(DynamicSurrogate surrogate, int round, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        using Explored pool = Joined(heldOut: false);
        using var adam = optim.Adam(routers.Parameters, settings.LearningRate);
        var losses = new List<double>();
        for (int step = 0; step < settings.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Random random = Seeds.Stream(settings.Seed, $"dynamic router steps {round}", step);
            double done = settings.Steps == 1 ? 1 : step / (settings.Steps - 1.0);
            double temperature = settings.StartTemperature * Math.Pow(settings.EndTemperature / settings.StartTemperature, done);
            adam.zero_grad();
            adam.ParamGroups.First().LearningRate = settings.LearningRate * (1 - 0.9 * done);
            Tensor targets_B = SurrogateRouterTrainer.Targets(random, Groups);
            float[] targets = targets_B.data<float>().ToArray();
            Tensor index_N = tensor(Enumerable.Range(0, Groups * TokensPerGroup).Select(_ => random.NextInt64(pool.Kept_M.size(0))).ToArray());
            Tensor cost_B = zeros(Groups) + costs.Fixed;
            var choices = new List<Tensor>();
            for (int l = 0; l < layers.Length; l++)
            {
                Tensor p_BTK = l < routers.Space.BlockCount && routers.Budgets!.Attention is not null ? GivenAttention(l, targets)
                    : functional.softmax(routers.Scores(l, targets_B, pool.Inputs_MC[l].index_select(0, index_N).view(Groups, TokensPerGroup, -1)) / temperature, -1);
                choices.Add(p_BTK.flatten(0, 1));
                cost_B = cost_B + p_BTK.matmul(NativeTensor.Of(layers[l], p_BTK.dtype, p_BTK.device)).mean([1]);
            }
            Tensor loss = surrogate.Frozen(cat(choices, 1), pool.Final_NC.index_select(0, pool.Kept_M.index_select(0, index_N))).mean();
            Tensor excess = ((cost_B - costs.Smallest) / (costs.Full - costs.Smallest) - targets_B).relu().mean();
            (loss * (surrogate.Scale / lossRange) + settings.LatencyWeight * excess).backward();
            adam.step();
            losses.Add(surrogate.Mean + surrogate.Scale * loss.item<float>());
            progress?.Report(new StageProgress($"training dynamic routers, round {round + 1}", step + 1, settings.Steps, string.Create(CultureInfo.InvariantCulture, $"rise {losses[^1]:0.000}")));
        }
        return losses;
    }

    private Tensor GivenAttention(int block, float[] targets)
    {
        long[] choice_B = [.. targets.Select(t => (long)routers.Budgets!.AttentionAt(t, costs)![block])];
        return functional.one_hot(tensor(choice_B), layers[block].Length).to(ScalarType.Float32).unsqueeze(1).expand(Groups, TokensPerGroup, layers[block].Length);
    }

    private Explored Joined(bool heldOut)
    {
        using var scope = NewDisposeScope();
        Explored[] some = [.. explored.Where((_, i) => (i % HeldOutEvery == HeldOutEvery - 1) == heldOut || explored.Count < HeldOutEvery)];
        Tensor Join(Func<Explored, int, Tensor> part) => cat([.. some.Select(part)], 0).DetachFromDisposeScope();
        return new Explored(
            Join((e, _) => e.Choices_NR), Join((e, _) => e.Final_NC), Join((e, _) => e.Rise_N), Join((e, i) => e.Kept_M + i * e.Rise_N.size(0)),
            heldOut ? [] : [.. Enumerable.Range(0, layers.Length).Select(l => Join((e, _) => e.Inputs_MC[l]))]);
    }

    private static Tensor Unit(Tensor x_NC) => x_NC * ((x_NC * x_NC).mean([-1], keepdim: true) + 1e-6).rsqrt();

    // Kept_M names the M tokens whose router inputs are held.
    private sealed record Explored(Tensor Choices_NR, Tensor Final_NC, Tensor Rise_N, Tensor Kept_M, IReadOnlyList<Tensor> Inputs_MC) : IDisposable
    {
        public void Dispose()
        {
            foreach (Tensor tensor in Inputs_MC.Prepend(Kept_M).Prepend(Rise_N).Prepend(Final_NC).Prepend(Choices_NR)) tensor.Dispose();
        }
    }
}
