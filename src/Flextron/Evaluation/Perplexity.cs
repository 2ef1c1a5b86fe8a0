using System.Text;
using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;
using Flextron.Progress;
using Flextron.Tokenization;

namespace Flextron.Evaluation;

/// <summary>
/// Loss on held-out text: each text is cut into windows of the model's context length; every token is predicted once, the first of a window from one
/// token of context (the last of the window before, or BOS, else EOS, at the beginning), or from more where a text's last window would not be full.
/// </summary>
public static class Perplexity
{
    /// <summary>Measures the loss over texts.</summary>
    /// <param name="scorer">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="texts">One or more documents; no window spans two.</param>
    /// <param name="window">Tokens predicted per window, or null for as many as the model takes.</param>
    /// <param name="progress">Told the number of windows done.</param>
    /// <exception cref="FlextronException">There is no text, or the window is longer than the model's context.</exception>
    public static PerplexityResult Measure(
        IContinuationScorer scorer, Tokenizer tokenizer, IReadOnlyList<string> texts, int? window = null, IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(texts);
        int length = window ?? scorer.MaxLength;
        if (length < 1 || length > scorer.MaxLength)
            throw new FlextronException($"A window of {length} tokens does not fit the model's context of {scorer.MaxLength}: choose 1 to {scorer.MaxLength}.");
        int first = RollingWindows.First(tokenizer);

        var windows = new List<ContinuationTokens>();
        foreach (string text in texts)
            windows.AddRange(RollingWindows.Cut(first, tokenizer.Encode(text, addSpecialTokens: false), length));
        if (windows.Count == 0) throw new FlextronException("There is no text to measure the loss on: give a file that is not empty.");

        IReadOnlyList<ContinuationScore> scores = scorer.Score(windows, progress);
        double total = -scores.Sum(score => score.LogProbability);
        long tokens = windows.Sum(w => (long)w.Continuation.Length);
        return new PerplexityResult
        {
            Tokens = tokens,
            Characters = texts.Sum(text => (long)PythonText.Length(text)),
            Words = texts.Sum(text => (long)text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length),
            Bytes = texts.Sum(text => (long)Encoding.UTF8.GetByteCount(text)),
            Windows = windows.Count,
            TotalNll = total,
            MeanNllStderr = RatioStderr(windows, scores, total / tokens),
        };
    }

    // Σ(nll_i − r·n_i)² · k/(k − 1), square root, over all tokens (Cochran, Sampling Techniques, section 6.4).
    private static double RatioStderr(List<ContinuationTokens> windows, IReadOnlyList<ContinuationScore> scores, double ratio)
    {
        int k = windows.Count;
        if (k < 2) return 0;
        double sum = 0, tokens = 0;
        for (int i = 0; i < k; i++)
        {
            double residual = -scores[i].LogProbability - (ratio * windows[i].Continuation.Length);
            sum += residual * residual;
            tokens += windows[i].Continuation.Length;
        }
        return Math.Sqrt(sum * k / (k - 1)) / tokens;
    }
}
