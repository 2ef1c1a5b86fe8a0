using static TorchSharp.torch;

namespace Flextron.Routing.Dynamic;

/// <summary>Choices fixed beforehand for whole sequences, handed out pass by pass.</summary>
/// <param name="choices">[layer][sequence][token] choice indices.</param>
public sealed class GivenChoices(IReadOnlyList<IReadOnlyList<IReadOnlyList<int>>> choices) : ITokenChoices
{
    private readonly int[] served = new int[choices.Count];

    /// <inheritdoc/>
    public int[] Choose(int layer, Tensor x_BTC)
    {
        ArgumentNullException.ThrowIfNull(x_BTC);
        int time = (int)x_BTC.size(1), start = served[layer];
        served[layer] += time;
        return [.. choices[layer].SelectMany(row => row.Skip(start).Take(time))];
    }
}
