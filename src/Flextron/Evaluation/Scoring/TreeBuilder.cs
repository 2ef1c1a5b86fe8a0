using Flextron.Models;

namespace Flextron.Evaluation.Scoring;

/// <summary>Writes the rows of one batch: every input of a row branches off the one before it where the two part.</summary>
internal sealed class TreeBuilder
{
    private readonly int length, prefix;
    private readonly int[] prefixIds, lengths, depths, ends, picked;
    private readonly long[] ids;
    private readonly List<(int Request, int Scored)> requests = [];
    private readonly List<int> scoredPlaces = [];
    private readonly List<long> targets = [];
    private readonly List<int> path = [];
    private int row = -1;

    /// <summary>Begins a batch.</summary>
    /// <param name="rows">Rows to come.</param>
    /// <param name="length">Tokens of the longest.</param>
    /// <param name="prefixIds">Ids that all inputs begin with, computed beforehand.</param>
    public TreeBuilder(int rows, int length, int[] prefixIds)
    {
        (this.length, this.prefixIds, prefix) = (length, prefixIds, prefixIds.Length);
        lengths = new int[rows];
        ids = new long[rows * length];
        depths = new int[ids.Length];
        picked = new int[ids.Length];
        ends = new int[ids.Length];
        for (int i = 0; i < ends.Length; i++) ends[i] = i % length + 1;
    }

    /// <summary>Begins the next row.</summary>
    public void BeginRow()
    {
        row++;
        path.Clear();
    }

    /// <summary>Adds an input to the row.</summary>
    /// <param name="input">The input.</param>
    /// <param name="shared">Leading tokens that it shares with the one before it, prefix included; ignored for the first of a row.</param>
    public void Add(in ScorerInput input, int shared)
    {
        int kept = Math.Min(path.Count, Math.Max(0, shared - prefix)), start = row * length;
        Close(kept);
        for (int i = prefix + kept; i < input.Length; i++)
        {
            int place = start + lengths[row]++;
            ids[place] = input[i];
            depths[place] = path.Count;
            path.Add(place);
        }
        for (int k = 0; k < input.Scored; k++)
        {
            int place = path[input.Length - input.Scored + k - prefix];
            picked[place] = 1;
            scoredPlaces.Add(place);
            targets.Add(input.Target(k));
        }
        requests.Add((input.Request, input.Scored));
    }

    /// <summary>Ends the row.</summary>
    public void EndRow() => Close(0);

    /// <summary>The finished batch.</summary>
    public ScoringBatch Build()
    {
        var picks = new List<int>();
        for (int place = 0; place < picked.Length; place++)
        {
            if (picked[place] == 0) continue;
            picked[place] = picks.Count;
            picks.Add(place);
        }
        return new ScoringBatch(
            new TokenTrees(prefixIds, lengths, ids, depths, ends, [.. picks]), requests, [.. scoredPlaces.Select(place => (long)picked[place])], [.. targets])
        {
            Tokens = lengths.Sum(),
        };
    }

    // What is on the path beyond `kept` tokens has all its descendants.
    private void Close(int kept)
    {
        for (int i = kept; i < path.Count; i++) ends[path[i]] = lengths[row];
        path.RemoveRange(kept, path.Count - kept);
    }
}
