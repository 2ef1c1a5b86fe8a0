using System.Diagnostics;
using Flextron.Data;
using Flextron.Models;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Importance;

/// <summary>Scores heads, neurons and residual channels in one streaming pass over a calibration text (FLEXTRON, ICML 2024, section 3.1).</summary>
public static class ImportanceRanker
{
    /// <summary>Ranks a model.</summary>
    /// <param name="model">The pretrained model.</param>
    /// <param name="calibration">Text it should be good at.</param>
    /// <param name="metric">How neurons are scored.</param>
    /// <param name="maximumTokens">Tokens used, from the start of the text.</param>
    /// <param name="batchSize">Windows per forward pass; sums are in float64, so it does not change the scores.</param>
    /// <param name="windowLength">Tokens per window; the model's context where 0 or longer than it.</param>
    /// <param name="progress">Reports windows.</param>
    /// <exception cref="FlextronException">The text is shorter than one window.</exception>
    public static ImportanceScores Rank(
        DecoderModel model,
        TokenCorpus calibration,
        NeuronMetric metric = NeuronMetric.GatedActivation,
        int maximumTokens = 65536,
        int batchSize = 8,
        int windowLength = 256,
        IProgress<StageProgress>? progress = null)
    {
        var settings = new ImportanceSettings { MaximumTokens = maximumTokens, BatchSize = batchSize, WindowLength = windowLength };
        return Measure(model, calibration, settings, progress: progress).Scores(metric);
    }

    /// <summary>Measures every score at once.</summary>
    /// <param name="model">The pretrained model.</param>
    /// <param name="calibration">Text it should be good at.</param>
    /// <param name="settings">How much of it, and how.</param>
    /// <param name="order">The order in which windows are read, a permutation of them; it does not matter, and by default is that of the text.</param>
    /// <param name="progress">Reports windows.</param>
    /// <exception cref="FlextronException">The text is shorter than one window.</exception>
    public static ImportanceMeasurement Measure(
        DecoderModel model, TokenCorpus calibration, ImportanceSettings settings, IReadOnlyList<long>? order = null, IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(calibration);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        int length = WindowLength(model.Config, calibration, settings.WindowLength);
        var windows = new WindowSampler(calibration, length, seed: 0);
        int count = (int)Math.Clamp(settings.MaximumTokens / length, 1, windows.WindowCount);
        order ??= [.. Enumerable.Range(0, count).Select(i => (long)i)];
        if (!order.Order().SequenceEqual(Enumerable.Range(0, count).Select(i => (long)i))) throw new ArgumentException("It is not a permutation of the windows.", nameof(order));
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var sums = new ActivationSums(model, Math.Min(settings.Subsets, count));
        var clock = Stopwatch.StartNew();
        (int done, int passes) = (0, 0);
        foreach (long[] chunk in order.Chunk(settings.BatchSize))
        {
            using var batch = NewDisposeScope();
            (Tensor input_BT, _) = windows.Windows(chunk);
            sums.Next(chunk.Select(w => w % settings.Subsets));
            using Tensor hidden = model.Hidden(model.View(model.FullNetwork), input_BT.to(model.Device), observer: sums);
            (done, passes) = (done + chunk.Length, passes + 1);
            progress?.Report(new StageProgress("ranking", done, count));
        }
        return new ImportanceMeasurement(model.Config, sums)
        {
            Windows = count, WindowLength = length, ForwardPasses = passes, Seconds = clock.Elapsed.TotalSeconds, CorpusHash = calibration.Hash(),
        };
    }

    /// <summary>Tokens per calibration window: what is asked for, or as much as the model's context and the text allow.</summary>
    /// <param name="config">The model.</param>
    /// <param name="calibration">The text.</param>
    /// <param name="wanted">0 for the model's context.</param>
    public static int WindowLength(ModelConfig config, TokenCorpus calibration, int wanted)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(calibration);
        return (int)Math.Min(wanted > 0 ? wanted : config.ContextLength, Math.Min(config.ContextLength, calibration.Length - 1));
    }
}
