using Flextron.Models;

namespace Flextron.Training.Passes;

/// <summary>The views of recently trained sub-networks; making one costs microseconds, and no weight memory.</summary>
internal sealed class ViewCache(Func<SubNetwork, WeightView> make) : IDisposable
{
    private const int Capacity = 64;
    private readonly Dictionary<SubNetwork, WeightView> views = [];

    public WeightView Of(SubNetwork network)
    {
        if (views.TryGetValue(network, out WeightView? view)) return view;
        if (views.Count >= Capacity) Dispose();
        return views[network] = make(network);
    }

    public void Dispose()
    {
        foreach (WeightView view in views.Values) view.Dispose();
        views.Clear();
    }
}
