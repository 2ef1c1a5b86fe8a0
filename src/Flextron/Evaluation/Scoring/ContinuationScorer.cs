using Flextron.Native;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Evaluation.Scoring;

/// <summary>
/// Scores continuations. Requests that begin alike share what they begin with: choices hang as branches on their question, which is computed once, and
/// examples before many questions are computed once for all of them. Rows of like length fill batches up to a number of tokens, and only where a
/// token is scored does the output layer run, in float32. Where left truncation cut a request, it shares what its cut form still shares.
/// </summary>
public sealed class ContinuationScorer : IContinuationScorer
{
    private readonly ILogitsModel model;
    private readonly ScorerSettings settings;

    /// <summary>Creates a scorer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">Batch limits, or null for the usual ones.</param>
    /// <exception cref="FlextronException">A batch limit is not positive.</exception>
    public ContinuationScorer(ILogitsModel model, ScorerSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        this.model = model;
        this.settings = settings ?? new ScorerSettings();
        this.settings.Validate();
    }

    /// <inheritdoc/>
    public int MaxLength => model.ContextLength;

    /// <inheritdoc/>
    public IReadOnlyList<ContinuationScore> Score(IReadOnlyList<ContinuationTokens> requests, IProgress<StageProgress>? progress) =>
        ScoreAll([model], requests, settings, progress)[0];

    /// <summary>Scores the same requests with several models of one shape, such as the sub-networks of a family: batches are made once for all of them.</summary>
    /// <param name="models">The models; vocabulary and context length are those of the first.</param>
    /// <param name="requests">The requests, in any order and of any lengths.</param>
    /// <param name="settings">Batch limits, or null for the usual ones.</param>
    /// <param name="progress">Told the number of tokens done, of all models together.</param>
    /// <returns>For every model one score per request, in the order of the requests.</returns>
    /// <exception cref="FlextronException">A token id is outside the model's vocabulary, a request has no context, or a logit is not a number.</exception>
    public static IReadOnlyList<IReadOnlyList<ContinuationScore>> ScoreAll(
        IReadOnlyList<ILogitsModel> models, IReadOnlyList<ContinuationTokens> requests, ScorerSettings? settings = null, IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(requests);
        settings ??= new ScorerSettings();
        settings.Validate();
        int workers = settings.Workers ?? models.Max(model => model.Workers);
        var plan = new ScoringPlan(requests, models[0].ContextLength, models[0].VocabularySize, settings);
        int headRows = settings.HeadRowsFor(models[0].VocabularySize);
        ContinuationScore[][] scores = [.. models.Select(_ => plan.NewScores())];
        long done = 0, total = plan.Tokens * models.Count;
        var gate = new Lock();
        void Score(IReadOnlyList<ILogitsModel> own, int b)
        {
            ScoringBatch batch = plan.Build(b);
            for (int m = 0; m < own.Count; m++)
            {
                ScoreBatch(own[m], batch, scores[m], headRows);
                lock (gate) progress?.Report(new StageProgress("Scoring", done += batch.Tokens, total));
            }
        }

        if (workers == 1 || plan.Count == 1)
        {
            for (int b = 0; b < plan.Count; b++) Score(models, b);
            return scores;
        }
        var queue = new BatchQueue(plan, workers);
        TorchThreads.Share(Math.Min(workers, plan.Count), stopped =>
        {
            ILogitsModel[] own = [.. models.Select(model => model.ForThread())];
            try
            {
                while (!stopped() && queue.Next() is { } run)
                    for (int b = run.From; b < run.To && !stopped(); b++) Score(own, b);
            }
            finally
            {
                foreach (ILogitsModel model in own.Except(models)) (model as IDisposable)?.Dispose();
            }
        });
        return scores;
    }

    private static void ScoreBatch(ILogitsModel model, ScoringBatch batch, ContinuationScore[] scores, int headRows)
    {
        (float[] logProbabilities, bool[] best) = Predict(model, batch, headRows);
        int at = 0;
        foreach ((int request, int scored) in batch.Requests)
        {
            double sum = 0;
            bool greedy = true;
            for (int k = 0; k < scored; k++, at++)
            {
                sum += logProbabilities[at];
                greedy &= best[at];
            }
            if (double.IsNaN(sum)) throw new FlextronException("The model's logits are not numbers: check the weights, or use float32.");
            scores[request] = new ContinuationScore(sum, greedy, scored);
        }
    }

    // For every scored token its log-probability, and whether it is the most likely one. The output layer takes some rows at a time, so that logits stay in
    // the processor's cache, and in memory where the vocabulary is large.
    private static (float[] LogProbabilities, bool[] Best) Predict(ILogitsModel model, ScoringBatch batch, int headRows)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor hidden_NC = model.Hidden(batch.Trees);
        int[] order = [.. Enumerable.Range(0, batch.Slots.Length)];
        Array.Sort((long[])batch.Slots.Clone(), order);
        var logProbabilities = new float[order.Length];
        var best = new bool[order.Length];
        int picks = batch.Trees.Picks.Length;
        for (int from = 0, at = 0; from < picks; from += headRows)
        {
            using var piece = NewDisposeScope();
            int rows = Math.Min(headRows, picks - from), start = at;
            while (at < order.Length && batch.Slots[order[at]] < from + rows) at++;
            int[] tokens = order[start..at];
            long[] slots = Array.ConvertAll(tokens, i => batch.Slots[i] - from), targets = Array.ConvertAll(tokens, i => batch.Targets[i]);
            (float[] values, bool[] firsts) = Read(model.Logits(hidden_NC.narrow(0, from, rows)), slots, targets);
            for (int i = 0; i < tokens.Length; i++) (logProbabilities[tokens[i]], best[tokens[i]]) = (values[i], firsts[i]);
        }
        return (logProbabilities, best);
    }

    private static (float[] LogProbabilities, bool[] Best) Read(Tensor logits_NV, long[] slots, long[] targets)
    {
        Tensor slots_M = tensor(slots).to(logits_NV.device);
        Tensor at_M = (slots_M * logits_NV.size(1)) + tensor(targets).to(logits_NV.device);
        // Finding the place of the greatest logit takes far longer than its value, and matters only where the target has that value: of equal ones the first counts.
        Tensor tops_M = logits_NV.flatten().index_select(0, at_M).eq(logits_NV.amax([-1]).index_select(0, slots_M));
        bool[] best = tops_M.cpu().data<bool>().ToArray();
        long[] candidates = [.. Enumerable.Range(0, best.Length).Where(i => best[i]).Select(i => (long)i)];
        if (candidates.Length > 0)
        {
            Tensor asked = tensor(candidates).to(logits_NV.device);
            long[] first = logits_NV.index_select(0, slots_M.index_select(0, asked)).argmax(-1).cpu().data<long>().ToArray();
            for (int i = 0; i < first.Length; i++) best[candidates[i]] = first[i] == targets[candidates[i]];
        }
        Tensor logProbabilities_NV = nn.functional.log_softmax(logits_NV, dim: -1);
        return (logProbabilities_NV.flatten().index_select(0, at_M).cpu().data<float>().ToArray(), best);
    }
}
