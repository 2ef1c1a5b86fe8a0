using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>
/// A batch of trees as plain sequences, one for every path to a leaf: what models whose blocks remember in a state need, since a state has one past.
/// What branches have in common is computed for each of them.
/// </summary>
internal static class TreePaths
{
    /// <summary>The residual stream at the picked tokens; see <see cref="DecoderModel.HiddenAt"/>.</summary>
    /// <returns>hidden_NC, in the order of the picks.</returns>
    public static Tensor HiddenAt(DecoderModel model, WeightView view, TokenTrees trees, KvCache? prefix)
    {
        (List<long[]> paths, (int Path, int At)[] picks) = Unfold(trees);
        int length = paths.Max(p => p.Length);
        long[] ids = new long[paths.Count * length];
        // Behind a shorter path id 0 stands, which nothing before it sees.
        for (int p = 0; p < paths.Count; p++) paths[p].CopyTo(ids, p * length);
        using var scope = NewDisposeScope();
        using KvCache? before = prefix?.Spread(model.Config, view.SubNetwork, paths.Count, trees.Prefix.Length + length);
        Tensor hidden_BTC = model.Hidden(view, tensor(ids, [paths.Count, length]).to(model.Device), before);
        Tensor places_N = tensor(Array.ConvertAll(picks, p => (long)p.Path * length + p.At)).to(model.Device);
        return hidden_BTC.flatten(0, 1).index_select(0, places_N).MoveToOuterDisposeScope();
    }

    // The ids of every path to a leaf, and where on which path each picked token stands.
    private static (List<long[]> Paths, (int Path, int At)[] Picks) Unfold(TokenTrees trees)
    {
        var paths = new List<long[]>();
        (int Path, int At)[] of = new (int, int)[trees.Ids.Length];
        for (int row = 0; row < trees.Rows; row++)
        {
            var open = new List<int>();
            int first = row * trees.Length;
            for (int t = 0; t < trees.Lengths[row]; t++)
            {
                int place = first + t;
                open.RemoveRange(trees.Depths[place], open.Count - trees.Depths[place]);
                open.Add(place);
                if (trees.Ends[place] > t + 1) continue;
                foreach (int token in open) of[token] = (paths.Count, trees.Depths[token]);
                paths.Add([.. open.Select(p => trees.Ids[p])]);
            }
        }
        return (paths, Array.ConvertAll(trees.Picks, place => of[place]));
    }
}
