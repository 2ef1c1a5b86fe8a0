using System.Globalization;
using Flextron.Data;
using Flextron.Models;
using Flextron.Native;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Measures, token by token, what every width of one MLP costs, and teaches the routers to predict it from the target and the token's hidden state. A router's
/// scores are then the negative loss rises of its choices, in units common to all layers, so that one price of time decides everywhere.
/// </summary>
/// <remarks>
/// A batch runs under the static network of a random target, the baseline. Each measured layer is run at all of its widths from the baseline's residual stream,
/// the blocks behind it as in the baseline. The loss is the cross-entropy against the whole network's prediction, whose noise is far below that of single next tokens.
/// </remarks>
internal sealed class TokenLossPhase(
    DecoderModel model, DynamicRouters routers, WindowSampler windows, Func<double, SubNetwork> baseline, DynamicRouterSettings settings)
{
    // Logits held at a time.
    private const long LogitNumbers = 1L << 24;

    // Router inputs of all batches together.
    private const long InputBytes = 256L << 20;

    // Deep models are measured a few layers a batch.
    private const int LayersPerBatch = 4;

    private const int HeldOutEvery = 5, RowsPerStep = 1024;

    private readonly int blocks = routers.Space.BlockCount;
    private readonly List<TokenRises> measured = [];
    private double operations;

    private int Batches => settings.Rounds * settings.ExplorationBatches;

    public DynamicRoutingReport Run(IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        try
        {
            var order = new Queue<int>();
            for (int i = 0; i < Batches; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                Random random = Seeds.Stream(settings.Seed, "token losses", i);
                int[] layers = [.. Enumerable.Range(0, Math.Min(LayersPerBatch, blocks)).Select(_ => Next(order, random)).Distinct()];
                measured.AddRange(Measure(i, random, layers));
                progress?.Report(new StageProgress("measuring tokens", i + 1, Batches));
            }
            TokenRises[] heldOut = [.. measured.Where(m => m.Batch % HeldOutEvery == HeldOutEvery - 1)], train = [.. measured.Except(heldOut)];
            if (heldOut.Length == 0) heldOut = train;
            double scale = Scale(train);
            List<double> losses = Fit(train, scale, progress, cancellation);
            int tenth = Math.Max(1, losses.Count / 10);
            return new DynamicRoutingReport(DynamicRoutingMethod.TokenLosses, operations, losses.Take(tenth).DefaultIfEmpty(double.NaN).Average(),
                losses.TakeLast(tenth).DefaultIfEmpty(double.NaN).Average(), Judge(heldOut, scale));
        }
        finally
        {
            foreach (TokenRises one in measured) one.Dispose();
        }
    }

    // Every layer comes up once before any does again.
    private int Next(Queue<int> order, Random random)
    {
        if (order.Count == 0)
        {
            int[] all = [.. Enumerable.Range(0, blocks)];
            random.Shuffle(all);
            foreach (int layer in all) order.Enqueue(layer);
        }
        return order.Dequeue();
    }

    private List<TokenRises> Measure(int batch, Random random, int[] layers)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        double target = (batch + random.NextDouble()) / Batches;
        SubNetwork network = baseline(target);
        WeightView view = model.View(network), whole = model.View(model.FullNetwork);
        Tensor ids_BT = windows.Batch(batch, settings.BatchSize).Input_BT.to(model.Device);
        long tokens = ids_BT.numel(), perToken = 4L * Math.Min(LayersPerBatch, blocks) * model.Config.HiddenSize;
        long kept = Math.Clamp(Math.Min(LogitNumbers / model.Config.VocabularySize, InputBytes / (perToken * Batches)), 1, tokens);
        Tensor kept_M = tensor(Enumerable.Range(0, (int)kept).Select(i => i * tokens / kept).ToArray(), device: model.Device);
        Tensor Kept(Tensor x_BTC) => x_BTC.flatten(0, 1).index_select(0, kept_M);
        Tensor LogProbabilities(Tensor x_BTC) => functional.log_softmax(model.Logits(whole, Kept(x_BTC)).to(ScalarType.Float32), -1);
        Tensor teacher_MV = LogProbabilities(model.Hidden(whole, ids_BT)).exp();
        Tensor Loss(Tensor x_BTC)
        {
            using var part = NewDisposeScope();
            return (-(teacher_MV * LogProbabilities(x_BTC)).sum(-1)).MoveToOuterDisposeScope();
        }

        var passed = new (Tensor Attended_BTC, Tensor Input_BTC)[blocks];
        Tensor x_BTC = DecoderModel.Embed(view, ids_BT);
        for (int b = 0; b < blocks; b++) x_BTC = Block(view, b, x_BTC, (attended, input) => passed[b] = (attended, input));
        Tensor loss_M = Loss(x_BTC);
        operations += LmCompute.Forward(model.Config, model.FullNetwork, settings.BatchSize, windows.WindowLength) + LmCompute.Forward(model.Config, network, settings.BatchSize, windows.WindowLength);
        var results = new List<TokenRises>();
        foreach (int layer in layers)
        {
            (Tensor attended_BTC, Tensor input_BTC) = passed[layer];
            Tensor Rise(int neurons)
            {
                using var part = NewDisposeScope();
                Tensor changed_BTC = neurons == 0 ? attended_BTC : attended_BTC + model.Mlp(model.View(Narrow(neurons)).Blocks[layer], layer, input_BTC);
                for (int b = layer + 1; b < blocks; b++) changed_BTC = Block(view, b, changed_BTC);
                operations += LmCompute.Forward(model.Config, network, settings.BatchSize, windows.WindowLength) * (blocks - layer) / blocks;
                return (Loss(changed_BTC) - loss_M).MoveToOuterDisposeScope();
            }

            Tensor rise_MK = stack([.. routers.Space.Neurons.Select(Rise)], 1).cpu();
            if (!rise_MK.isfinite().all().item<bool>()) throw new FlextronException("A token's loss is not a number: the model is damaged, start from an intact checkpoint.");
            results.Add(new TokenRises(batch, layer, target, Kept(input_BTC).to(ScalarType.Float32).cpu().DetachFromDisposeScope(), rise_MK.DetachFromDisposeScope()));
        }
        return results;
    }

    private Tensor Block(WeightView view, int index, Tensor x_BTC, Action<Tensor, Tensor>? beforeMlp = null)
    {
        BlockView block = view.Blocks[index];
        Tensor attended_BTC = block.Shape.KvGroups > 0 ? x_BTC + model.Attention(block, index, x_BTC) : x_BTC, input_BTC = model.MlpInput(x_BTC, attended_BTC);
        beforeMlp?.Invoke(attended_BTC, input_BTC);
        return block.Shape.Neurons > 0 ? attended_BTC + model.Mlp(block, index, input_BTC) : attended_BTC;
    }

    private SubNetwork Narrow(int neurons) => new(Enumerable.Repeat(new BlockShape(model.Config.KvGroupCount, neurons), blocks));

    // Deviation, over tokens and layers, of what the narrowest choice costs more than the widest.
    private static double Scale(IReadOnlyList<TokenRises> train)
    {
        using var scope = NewDisposeScope();
        Tensor spread_N = cat([.. train.Select(m => m.Rise_MK.select(1, 0) - m.Rise_MK.select(1, -1))], 0);
        return Math.Max(spread_N.numel() > 1 ? spread_N.std().item<float>() : 0, 1e-6);
    }

    private List<double> Fit(IReadOnlyList<TokenRises> train, double scale, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        using SingleThread single = SingleThread.Enter();
        using var adam = optim.Adam(routers.Parameters, settings.LearningRate);
        var losses = new List<double>();
        TokenRises[][] byLayer = [.. train.GroupBy(m => m.Layer).OrderBy(g => g.Key).Select(g => g.ToArray())];
        for (int step = 0; step < settings.FitSteps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Random random = Seeds.Stream(settings.Seed, "token loss fit", step);
            adam.zero_grad();
            adam.ParamGroups.First().LearningRate = settings.LearningRate * (1 - 0.9 * step / settings.FitSteps);
            Tensor loss = zeros(1);
            foreach (TokenRises[] layer in byLayer)
            {
                const int Draws = 8;
                TokenRises[] some = [.. Enumerable.Range(0, Draws).Select(_ => layer[random.Next(layer.Length)])];
                foreach (TokenRises one in some)
                {
                    long count = one.Rise_MK.size(0);
                    Tensor index_N = tensor(Enumerable.Range(0, RowsPerStep / Draws).Select(_ => random.NextInt64(count)).ToArray());
                    Tensor wanted_NK = one.Rise_MK.index_select(0, index_N) / -scale, scores_NK = Scores(one, index_N);
                    // Scores matter up to a constant for each token.
                    Tensor error_NK = (scores_NK - scores_NK.mean([-1], keepdim: true)) - (wanted_NK - wanted_NK.mean([-1], keepdim: true));
                    loss = loss + error_NK.square().mean() / (Draws * byLayer.Length);
                }
            }
            loss.backward();
            adam.step();
            losses.Add(loss.item<float>());
            progress?.Report(new StageProgress("teaching dynamic routers", step + 1, settings.FitSteps, string.Create(CultureInfo.InvariantCulture, $"error {losses[^1]:0.000}")));
        }
        return losses;
    }

    // How well the price of the narrowest choice over the widest is predicted for tokens of batches that were kept apart.
    private SurrogateFit Judge(IReadOnlyList<TokenRises> heldOut, double scale)
    {
        using var noGrad = no_grad();
        var (predicted, real) = (new List<double>(), new List<double>());
        foreach (TokenRises one in heldOut)
        {
            using var scope = NewDisposeScope();
            Tensor scores_MK = Scores(one, arange(one.Rise_MK.size(0)));
            predicted.AddRange((scores_MK.select(1, -1) - scores_MK.select(1, 0)).contiguous().data<float>().ToArray().Select(s => scale * s));
            real.AddRange((one.Rise_MK.select(1, 0) - one.Rise_MK.select(1, -1)).contiguous().data<float>().ToArray().Select(s => (double)s));
        }
        return SurrogateFit.Of(predicted, real);
    }

    private Tensor Scores(TokenRises one, Tensor index_N)
    {
        Tensor target_1 = NativeTensor.Of([(float)one.Target]);
        return routers.Scores(blocks + one.Layer, target_1, one.Input_MC.index_select(0, index_N).unsqueeze(0)).squeeze(0);
    }

    private sealed record TokenRises(int Batch, int Layer, double Target, Tensor Input_MC, Tensor Rise_MK) : IDisposable
    {
        public void Dispose()
        {
            Input_MC.Dispose();
            Rise_MK.Dispose();
        }
    }
}
