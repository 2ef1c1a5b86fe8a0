namespace Flextron.Models;

/// <summary>The views of recently used sub-networks, over slices that they share; no weight memory. Several threads may ask at a time, as evaluation does.</summary>
/// <param name="make">Makes a view, of slices from the cache it is handed where it can.</param>
/// <param name="capacity">Views at most; one more, and all are released.</param>
internal sealed class ViewCache(Func<SubNetwork, SliceCache, WeightView> make, int capacity) : IDisposable
{
    private const int MaximumSlices = 1 << 15;
    private readonly Dictionary<SubNetwork, WeightView> views = [];
    private readonly SliceCache slices = new();

    public WeightView Of(SubNetwork network)
    {
        lock (views)
        {
            if (views.TryGetValue(network, out WeightView? view)) return view;
            if (views.Count >= capacity || slices.Count >= MaximumSlices) Dispose();
            return views[network] = make(network, slices);
        }
    }

    /// <summary>Releases everything; the cache may be used again.</summary>
    public void Dispose()
    {
        lock (views)
        {
            foreach (WeightView view in views.Values) view.Dispose();
            views.Clear();
            slices.Dispose();
        }
    }
}
