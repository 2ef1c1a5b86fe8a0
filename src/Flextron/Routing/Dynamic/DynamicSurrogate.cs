using Flextron.Data;
using Flextron.Native;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// <c>S(r, h) = silu([r, ĥ, 1] W_S1ᵀ) W_S2</c>: predicts by how much a token's loss rises over the whole network's when the token takes choices r, given the final
/// hidden state h that the whole network has there (FLEXTRON, ICML 2024, section 4.2: the final hidden state as extra input). Predicting the rise instead of the
/// loss itself takes out what no choice can change.
/// </summary>
internal sealed class DynamicSurrogate : IDisposable
{
    private readonly Parameter first_PI, second_P;

    public DynamicSurrogate(int choices, int channels, int hidden, long seed)
    {
        Random random = Seeds.Stream(seed, "dynamic surrogate");
        Parameter Make(double deviation, params long[] shape)
        {
            float[] values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            for (int i = 0; i < values.Length; i++) values[i] = (float)(deviation * RouterNoise.Normal(random));
            var parameter = new Parameter(NativeTensor.Of(values, shape), requires_grad: true);
            parameter.DetachFromDisposeScope();
            return parameter;
        }

        first_PI = Make(0.1, hidden, choices + channels + 1);
        second_P = Make(1 / Math.Sqrt(hidden), hidden);
    }

    public double Mean { get; private set; }

    public double Scale { get; private set; } = 1;

    /// <summary>Standardised rise with frozen weights.</summary>
    public Tensor Frozen(Tensor choices_NR, Tensor hidden_NC) => Forward(choices_NR, hidden_NC, first_PI.detach(), second_P.detach());

    /// <summary>Fits on minibatches; the weights fall back to nothing else: few parameters, many noisy tokens.</summary>
    public void Fit(Tensor choices_NR, Tensor hidden_NC, Tensor rise_N, int steps, long seed)
    {
        const int Batch = 2048;
        using var outer = NewDisposeScope();
        Mean = rise_N.mean().item<float>();
        Scale = Math.Max(rise_N.std().item<float>(), 1e-6);
        using var adam = optim.AdamW([first_PI, second_P], 5e-3, weight_decay: 0.1);
        Random random = Seeds.Stream(seed, "surrogate batches");
        long count = rise_N.size(0);
        for (int step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            Tensor index_N = tensor(Enumerable.Range(0, (int)Math.Min(Batch, count)).Select(_ => random.NextInt64(count)).ToArray());
            adam.zero_grad();
            adam.ParamGroups.First().LearningRate = 5e-3 * (1 - 0.9 * step / steps);
            Tensor predicted_N = Forward(choices_NR.index_select(0, index_N), hidden_NC.index_select(0, index_N), first_PI, second_P);
            (predicted_N - (rise_N.index_select(0, index_N) - Mean) / Scale).square().mean().backward();
            adam.step();
        }
    }

    /// <summary>Predicted rises, nats.</summary>
    public double[] Predict(Tensor choices_NR, Tensor hidden_NC)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return [.. Frozen(choices_NR, hidden_NC).data<float>().ToArray().Select(s => Mean + Scale * s)];
    }

    public void Dispose()
    {
        first_PI.Dispose();
        second_P.Dispose();
    }

    private static Tensor Forward(Tensor choices_NR, Tensor hidden_NC, Tensor first_PI, Tensor second_P) =>
        functional.silu(cat([choices_NR, hidden_NC, ones([hidden_NC.size(0), 1])], 1).matmul(first_PI.t())).matmul(second_P);
}
