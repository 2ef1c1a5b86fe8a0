using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Evaluation;

/// <summary>
/// Scores continuations with an <see cref="ILogitsModel"/>: inputs sorted by length, padded on the right (harmless under causal attention),
/// batches capped by tokens; logits are normalised in float32 only where a continuation token is predicted. Requests whose inputs are equal, or
/// where one begins the other, share one forward pass: a question with four single-token answers costs one.
/// </summary>
public sealed class ContinuationScorer : IContinuationScorer
{
    private readonly ILogitsModel _model;
    private readonly ScorerSettings _settings;

    /// <summary>Creates a scorer.</summary>
    /// <param name="model">The model; it is expected to be in evaluation mode.</param>
    /// <param name="settings">Batch limits, or null for the usual ones.</param>
    /// <exception cref="FlextronException">A batch limit is not positive.</exception>
    public ContinuationScorer(ILogitsModel model, ScorerSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _settings = settings ?? new ScorerSettings();
        _settings.Validate();
    }

    /// <inheritdoc/>
    public int MaxLength => _model.ContextLength;

    /// <inheritdoc/>
    public IReadOnlyList<ContinuationScore> Score(IReadOnlyList<ContinuationTokens> requests, IProgress<StageProgress>? progress)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var scores = new ContinuationScore[requests.Count];
        var inputs = new List<ScorerInput>(requests.Count);
        for (int i = 0; i < scores.Length; i++)
        {
            Check(requests[i]);
            if (requests[i].Continuation.Length == 0) scores[i] = new ContinuationScore(0, true, 0);
            else inputs.Add(new ScorerInput(requests[i], MaxLength, i));
        }

        int done = scores.Length - inputs.Count;
        foreach (List<Row> batch in Batches(ShareInputs(inputs)))
        {
            ScoreBatch(batch, scores);
            done += batch.Sum(row => row.Served.Count);
            progress?.Report(new StageProgress("Scoring", done, scores.Length));
        }
        return scores;
    }

    // One row of a batch: the longest input and all requests that its logits answer.
    private sealed record Row(ScorerInput Input, List<ScorerInput> Served);

    private static List<Row> ShareInputs(List<ScorerInput> inputs)
    {
        inputs.Sort();
        var rows = new List<Row>();
        // In lexicographic order an input that begins any other begins its successor, so one backward pass finds all sharing.
        for (int i = inputs.Count - 1; i >= 0; i--)
        {
            if (rows.Count > 0 && inputs[i].IsPrefixOf(rows[^1].Input)) rows[^1].Served.Add(inputs[i]);
            else rows.Add(new Row(inputs[i], [inputs[i]]));
        }
        return rows;
    }

    private IEnumerable<List<Row>> Batches(List<Row> rows)
    {
        long positionLimit = _settings.BatchLogits / _model.VocabularySize;
        var batch = new List<Row>();
        long picked = 0;
        // Longest first: the largest batch comes first, so a lack of memory shows at once. The sort is stable, so batches do not depend on request order.
        foreach (Row row in rows.OrderByDescending(row => row.Input.Length))
        {
            long rowPicks = row.Served.Sum(input => (long)input.Scored);
            if (batch.Count > 0)
            {
                long tokens = (long)batch[0].Input.Length * (batch.Count + 1);
                long positions = _model.PicksPositions ? picked + rowPicks : tokens;
                if (batch.Count == _settings.BatchRows || tokens > _settings.BatchTokens || positions > positionLimit)
                {
                    yield return batch;
                    batch = [];
                    picked = 0;
                }
            }
            batch.Add(row);
            picked += rowPicks;
        }
        if (batch.Count > 0) yield return batch;
    }

    private void ScoreBatch(List<Row> batch, ContinuationScore[] scores)
    {
        int length = batch[0].Input.Length;
        var ids = new long[batch.Count * length];
        // Several choices are read off the same position: normalise each position once and look up (position, token) pairs in it.
        var slotOf = new Dictionary<long, long>();
        var positions = new List<long>();
        var slots = new List<long>();
        var targets = new List<long>();
        for (int b = 0; b < batch.Count; b++)
        {
            batch[b].Input.CopyTo(ids.AsSpan(b * length, length));
            foreach (ScorerInput input in batch[b].Served)
            {
                for (int k = 0; k < input.Scored; k++)
                {
                    long position = ((long)b * length) + input.Length - input.Scored + k;
                    if (!slotOf.TryGetValue(position, out long slot))
                    {
                        slotOf[position] = slot = positions.Count;
                        positions.Add(position);
                    }
                    slots.Add(slot);
                    targets.Add(input.Target(k));
                }
            }
        }

        (float[] logProbabilities, long[] best) = Predict(ids, batch.Count, length, positions, slots, targets);
        int at = 0;
        foreach (ScorerInput input in batch.SelectMany(row => row.Served))
        {
            double sum = 0;
            bool greedy = true;
            for (int k = 0; k < input.Scored; k++, at++)
            {
                sum += logProbabilities[at];
                greedy &= best[slots[at]] == targets[at];
            }
            scores[input.Request] = new ContinuationScore(sum, greedy, input.Scored);
        }
    }

    private (float[] LogProbabilities, long[] Best) Predict(
        long[] ids, int rows, int length, List<long> positions, List<long> slots, List<long> targets)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids_BT = tensor(ids, rows, length, dtype: ScalarType.Int64);
        Tensor logits_NV = _model.ForwardAt(ids_BT, tensor(positions.ToArray(), dtype: ScalarType.Int64)).to(ScalarType.Float32);
        Tensor logProbabilities_NV = nn.functional.log_softmax(logits_NV, dim: -1);
        Tensor slots_M = tensor(slots.ToArray(), dtype: ScalarType.Int64).to(logits_NV.device);
        Tensor targets_M = tensor(targets.ToArray(), dtype: ScalarType.Int64).to(logits_NV.device);
        Tensor picked_M = logProbabilities_NV.reshape(-1).index_select(0, (slots_M * _model.VocabularySize) + targets_M);
        return (picked_M.cpu().data<float>().ToArray(), logits_NV.argmax(-1).cpu().data<long>().ToArray());
    }

    private void Check(ContinuationTokens request)
    {
        if (request.Context.Length == 0)
            throw new FlextronException("A scoring request has no context token, so its first token has no prediction: put a BOS or EOS token in front.");
        foreach (int[] ids in (ReadOnlySpan<int[]>)[request.Context, request.Continuation])
        {
            foreach (int id in ids)
            {
                if ((uint)id >= (uint)_model.VocabularySize)
                    throw new FlextronException(
                        $"Token id {id} is outside the model's vocabulary of {_model.VocabularySize}: use the tokenizer that belongs to the model.");
            }
        }
    }
}
