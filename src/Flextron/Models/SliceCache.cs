using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>
/// Prefix slices of weights, each made once: sub-networks that share the shape of a block share its views, so that a network never seen before costs
/// look-ups. For one set of weights, and one thread at a time.
/// </summary>
public sealed class SliceCache : IDisposable
{
    private readonly Dictionary<(IntPtr Tensor, long Rows, long Columns), Tensor> slices = [];

    /// <summary>Slices in the cache.</summary>
    public int Count => slices.Count;

    /// <summary>The leading part of a weight; see <see cref="WeightView.Of"/>. It lives as long as the cache.</summary>
    internal Tensor Of(Tensor weight, long rows, long columns)
    {
        if (slices.TryGetValue((weight.Handle, rows, columns), out Tensor? slice)) return slice;
        return slices[(weight.Handle, rows, columns)] = WeightView.Prefix(weight, rows, columns).DetachFromDisposeScope();
    }

    /// <summary>Releases the slices (not the weights); views that use them must be released before.</summary>
    public void Dispose()
    {
        foreach (Tensor slice in slices.Values) slice.Dispose();
        slices.Clear();
    }
}
