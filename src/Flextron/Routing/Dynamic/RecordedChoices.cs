using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Dynamic;

/// <summary>Passes choices on and keeps them, with the router inputs where those are wanted.</summary>
/// <param name="inner">Who chooses.</param>
/// <param name="keepInputs">Whether the residual streams are kept too; they live until the recorder is disposed.</param>
public sealed class RecordedChoices(ITokenChoices inner, bool keepInputs = false) : ITokenChoices, IDisposable
{
    private readonly SortedDictionary<int, List<int[]>> choices = [];
    private readonly Dictionary<int, Tensor> inputs = [];

    /// <summary>Choices of a layer, pass by pass, each b·T + t.</summary>
    public IReadOnlyList<int[]> Of(int layer) => choices[layer];

    /// <summary>The last pass's residual stream before a layer.</summary>
    /// <returns>x_BTC.</returns>
    public Tensor Input(int layer) => inputs[layer];

    /// <inheritdoc/>
    public int[] Choose(int layer, Tensor x_BTC)
    {
        ArgumentNullException.ThrowIfNull(x_BTC);
        int[] chosen = inner.Choose(layer, x_BTC);
        if (!choices.TryGetValue(layer, out List<int[]>? passes)) choices[layer] = passes = [];
        passes.Add(chosen);
        if (keepInputs)
        {
            if (inputs.Remove(layer, out Tensor? before)) before.Dispose();
            inputs[layer] = x_BTC.clone().DetachFromDisposeScope();
        }
        return chosen;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor input in inputs.Values) input.Dispose();
        inputs.Clear();
    }
}
