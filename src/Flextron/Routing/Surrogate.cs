using Flextron.Data;
using Flextron.Native;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing;

/// <summary>
/// The surrogate <c>S(r) = silu(r W_S1ᵀ) W_S2</c> (FLEXTRON, ICML 2024, section 4.2): predicts the LM loss of the network that router
/// outputs r select, so that routers can be trained without running the model.
/// </summary>
/// <remarks>
/// It predicts (loss − mean) / deviation of the training pairs. There are no biases: within every layer r sums to one, which is a constant
/// input already. Fitting on soft router outputs beside one-hot ones teaches it the space between the corners, through which the routers' gradient passes.
/// </remarks>
public sealed class Surrogate : IDisposable
{
    private readonly SurrogateSettings settings;
    private readonly Parameter first_PR;
    private readonly Parameter second_P;

    /// <summary>Creates an unfitted surrogate.</summary>
    /// <param name="inputs">R, the length of a choice vector.</param>
    /// <param name="settings">Size and fitting.</param>
    public Surrogate(int inputs, SurrogateSettings? settings = null)
    {
        this.settings = (settings ?? new SurrogateSettings()).Validated();
        Random random = Seeds.Stream(this.settings.Seed, "surrogate");
        Parameter Make(double deviation, params long[] shape)
        {
            float[] values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            for (int i = 0; i < values.Length; i++) values[i] = (float)(deviation * RouterNoise.Normal(random));
            var parameter = new Parameter(NativeTensor.Of(values, shape), requires_grad: true);
            parameter.DetachFromDisposeScope();
            return parameter;
        }

        first_PR = Make(0.1, this.settings.HiddenSize, inputs);
        second_P = Make(1 / Math.Sqrt(this.settings.HiddenSize), this.settings.HiddenSize);
    }

    /// <summary>Mean training loss; a prediction of 0 stands for it.</summary>
    public double Mean { get; private set; }

    /// <summary>Standard deviation of training losses; a prediction of 1 is that much above the mean.</summary>
    public double Scale { get; private set; } = 1;

    /// <summary>Standardised loss with frozen weights: gradients reach r only.</summary>
    /// <param name="choices_BR">Router outputs.</param>
    /// <returns>s_B.</returns>
    public Tensor Standardised(Tensor choices_BR)
    {
        ArgumentNullException.ThrowIfNull(choices_BR);
        return Forward(choices_BR, first_PR.detach(), second_P.detach());
    }

    /// <summary>Predicted losses in the measured unit.</summary>
    public double[] Predict(IEnumerable<IReadOnlyList<float>> choices)
    {
        using SingleThread single = SingleThread.Enter();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        float[][] rows = choices.Select(r => r.ToArray()).ToArray();
        if (rows.Length == 0) return [];
        return Standardised(Matrix(rows)).data<float>().ToArray().Select(s => Mean + Scale * s).ToArray();
    }

    /// <summary>Agreement of predictions with measured losses.</summary>
    public SurrogateFit Judge(IReadOnlyList<ReplayPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        return SurrogateFit.Of(Predict(pairs.Select(p => p.Choices_R)), pairs.Select(p => p.Loss).ToArray());
    }

    /// <summary>
    /// Fits by AdamW on the mean squared error of all training pairs at once, until the held-out relative error is at or below the threshold,
    /// stops improving, or the epochs are used up; the weights with the least held-out error are kept.
    /// </summary>
    /// <param name="train">Pairs to fit.</param>
    /// <param name="heldOut">Pairs of other networks. Choosing the stopping point by them makes their error slightly optimistic.</param>
    /// <returns>Epochs done.</returns>
    /// <exception cref="FlextronException">There is nothing to fit.</exception>
    public int Fit(IReadOnlyList<ReplayPair> train, IReadOnlyList<ReplayPair> heldOut)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(heldOut);
        if (train.Count < 2 || heldOut.Count == 0)
            throw new FlextronException($"The surrogate has {train.Count} training and {heldOut.Count} held-out measurements: explore more networks per round.");
        double mean = train.Average(p => p.Loss);
        (Mean, Scale) = (mean, Math.Max(Math.Sqrt(train.Average(p => (p.Loss - mean) * (p.Loss - mean))), 1e-6));
        using SingleThread single = SingleThread.Enter();
        using var scope = NewDisposeScope();
        Tensor input_BR = Matrix(train.Select(p => p.Choices_R.ToArray()).ToArray());
        Tensor target_B = NativeTensor.Of(train.Select(p => (float)((p.Loss - Mean) / Scale)).ToArray());
        using var adam = optim.AdamW([first_PR, second_P], settings.LearningRate, weight_decay: settings.WeightDecay);
        double best = Judge(heldOut).RelativeError;
        float[] bestFirst = first_PR.data<float>().ToArray(), bestSecond = second_P.data<float>().ToArray();
        int epoch = 0;
        for (int worse = 0; epoch < settings.MaximumEpochs && worse < settings.Patience && best > settings.RelativeErrorThreshold;)
        {
            using (NewDisposeScope())
            {
                adam.zero_grad();
                adam.ParamGroups.First().LearningRate = settings.LearningRate * (1 - 0.9 * epoch / settings.MaximumEpochs);
                (Forward(input_BR, first_PR, second_P) - target_B).square().mean().backward();
                adam.step();
            }
            if (++epoch % settings.CheckEvery != 0 && epoch < settings.MaximumEpochs) continue;
            double error = Judge(heldOut).RelativeError;
            worse = error < best ? 0 : worse + 1;
            if (worse > 0) continue;
            (best, bestFirst, bestSecond) = (error, first_PR.data<float>().ToArray(), second_P.data<float>().ToArray());
        }
        using (no_grad())
        {
            first_PR.copy_(NativeTensor.Of(bestFirst).view(first_PR.shape));
            second_P.copy_(NativeTensor.Of(bestSecond));
        }
        return epoch;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        first_PR.Dispose();
        second_P.Dispose();
    }

    private static Tensor Forward(Tensor choices_BR, Tensor first_PR, Tensor second_P) => functional.silu(choices_BR.matmul(first_PR.t())).matmul(second_P);

    private static Tensor Matrix(float[][] rows) => NativeTensor.Of(rows.SelectMany(r => r).ToArray(), rows.Length, rows[0].Length);
}
