using Flextron.MixtureOfDepths;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Evaluation.Scoring;

/// <summary>
/// A Mixture-of-Depths model as scoring sees it. Every request is read as a sequence of its own and of its own length, so that even a choice that looks at the
/// whole of it does not depend on what stands beside it in a batch.
/// </summary>
/// <param name="mixture">The model.</param>
/// <param name="selector">Decides which tokens pass: the causal sampler as in generation, or the top k of each request, which looks ahead.</param>
/// <param name="subNetwork">Which slice; the whole network where null.</param>
public sealed class MixtureLogitsModel(MixtureModel mixture, ITokenSelector selector, SubNetwork? subNetwork = null) : ILogitsModel
{
    private readonly SubNetwork network = (subNetwork ?? mixture.Model.FullNetwork).ValidatedFor(mixture.Model.Config);

    /// <summary>Settings of a scorer that leaves requests apart, as this model needs them.</summary>
    public static ScorerSettings Settings { get; } = new() { SharePrefixes = false };

    /// <inheritdoc/>
    public int VocabularySize => mixture.Model.Config.VocabularySize;

    /// <inheritdoc/>
    public int ContextLength => mixture.Model.Config.ContextLength;

    /// <inheritdoc/>
    public Tensor Hidden(TokenTrees trees)
    {
        ArgumentNullException.ThrowIfNull(trees);
        if (trees.IsBranching || trees.Prefix.Length > 0) throw new ArgumentException("Requests share what they begin with: score with MixtureLogitsModel.Settings.", nameof(trees));
        using var scope = NewDisposeScope();
        Tensor ids_BT = tensor(trees.Ids, trees.Rows, trees.Length, dtype: ScalarType.Int64).to(mixture.Model.Device);
        Tensor Longs(IEnumerable<int> values) => tensor(values.Select(v => (long)v).ToArray()).to(ids_BT.device);
        ILookup<int, int> picksOfRow = Enumerable.Range(0, trees.Picks.Length).ToLookup(pick => trees.Picks[pick] / trees.Length);
        var parts = new List<Tensor>();
        int[] slots = new int[trees.Picks.Length];
        int slot = 0;
        foreach (IGrouping<int, int> rows in Enumerable.Range(0, trees.Rows).GroupBy(row => trees.Lengths[row]))
        {
            Tensor hidden_RTC = mixture.Hidden(ids_BT.index_select(0, Longs(rows)).narrow(1, 0, rows.Key), selector, network);
            (int Pick, int Place)[] picks = [.. rows.SelectMany((row, at) => picksOfRow[row].Select(pick => (pick, at * rows.Key + trees.Picks[pick] % trees.Length)))];
            foreach ((int pick, _) in picks) slots[pick] = slot++;
            if (picks.Length > 0) parts.Add(hidden_RTC.flatten(0, 1).index_select(0, Longs(picks.Select(p => p.Place))));
        }
        return cat(parts, 0).index_select(0, Longs(slots)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Logits(Tensor hidden_NC)
    {
        using var scope = NewDisposeScope();
        return mixture.Model.Logits(mixture.Model.View(network), hidden_NC).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }
}
