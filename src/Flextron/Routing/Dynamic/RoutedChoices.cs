using Flextron.Data;
using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Dynamic;

/// <summary>Choices by dynamic routers, held to their budget by a controller where there is one.</summary>
public sealed class RoutedChoices : ITokenChoices
{
    private readonly DynamicRouters routers;
    private readonly double[] targets;
    private readonly Random? noise;

    /// <summary>Prepares a batch of sequences.</summary>
    /// <param name="routers">Trained.</param>
    /// <param name="targets_B">A normalised target for each sequence.</param>
    /// <param name="controller">Keeps the budget; without one the most probable choice is taken.</param>
    /// <param name="noise">Gumbel noise for exploring; none by default.</param>
    public RoutedChoices(DynamicRouters routers, IReadOnlyList<double> targets_B, BudgetController? controller = null, Random? noise = null)
    {
        ArgumentNullException.ThrowIfNull(routers);
        ArgumentNullException.ThrowIfNull(targets_B);
        this.routers = routers;
        targets = [.. targets_B];
        Controller = controller;
        this.noise = noise;
    }

    /// <summary>The accounts.</summary>
    public BudgetController? Controller { get; }

    /// <inheritdoc/>
    public int[] Choose(int layer, Tensor x_BTC)
    {
        ArgumentNullException.ThrowIfNull(x_BTC);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor targets_B = NativeTensor.Of(targets, x_BTC.dtype, x_BTC.device);
        Tensor scores_BTK = routers.LogChoices(layer, targets_B, x_BTC).to(ScalarType.Float32).cpu().contiguous();
        float[] scores = scores_BTK.data<float>().ToArray();
        if (noise is not null)
            for (int i = 0; i < scores.Length; i++) scores[i] += (float)RouterNoise.Gumbel(noise);
        return Controller?.Decide(layer, scores) ?? Greatest(scores, (int)scores_BTK.size(2));
    }

    private static int[] Greatest(float[] scores, int choices)
    {
        int[] best = new int[scores.Length / choices];
        for (int i = 0; i < best.Length; i++)
            for (int k = 1; k < choices; k++)
                if (scores[i * choices + k] > scores[i * choices + best[i]]) best[i] = k;
        return best;
    }
}
