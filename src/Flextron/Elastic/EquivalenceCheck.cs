using Flextron.Data;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Elastic;

/// <summary>Checks that two ways to compute logits agree.</summary>
public static class EquivalenceCheck
{
    /// <summary>What rounding may explain in float32, in units of the largest logit where that is above 1.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>Refuses a difference that rounding cannot explain; NaN too.</summary>
    /// <param name="difference">What was found.</param>
    /// <param name="what">What was compared, as the subject of a sentence.</param>
    /// <exception cref="FlextronException">It is above <see cref="Tolerance"/>.</exception>
    public static void Require(LogitDifference difference, string what) => Require(difference.Largest, what, Tolerance * Math.Max(1, difference.Magnitude));

    /// <summary>The same for a difference of logits that are not above 1, or computed in double precision.</summary>
    /// <param name="difference">Largest absolute logit difference.</param>
    /// <param name="what">What was compared, as the subject of a sentence.</param>
    /// <exception cref="FlextronException">It is above <see cref="Tolerance"/>.</exception>
    public static void Require(double difference, string what) => Require(difference, what, Tolerance);

    private static void Require(double difference, string what, double allowed)
    {
        if (!(difference <= allowed && double.IsFinite(difference)))
            throw new FlextronException(FormattableString.Invariant($"{what} computes logits that differ by {difference:g3}, more than {allowed:g1}: nothing was written; check the model's weights."));
    }

    /// <summary>Largest absolute difference of logits over two sequences of up to 128 ids, drawn evenly from the vocabulary: where no text is at hand.</summary>
    /// <param name="a">One model.</param>
    /// <param name="ofA">Its slice.</param>
    /// <param name="b">Another with the same vocabulary.</param>
    public static LogitDifference OnRandomIds(DecoderModel a, SubNetwork ofA, DecoderModel b)
    {
        ArgumentNullException.ThrowIfNull(b);
        using Tensor ofA_BTV = LogitsOfRandomIds(a, ofA), ofB_BTV = LogitsOfRandomIds(b, b.FullNetwork);
        return Between(ofA_BTV, ofB_BTV);
    }

    /// <summary>What <see cref="OnRandomIds"/> compares, for models that shall not be in memory together.</summary>
    /// <param name="model">A model.</param>
    /// <param name="network">Its slice.</param>
    /// <returns>logits_BTV, float32 on the CPU.</returns>
    public static Tensor LogitsOfRandomIds(DecoderModel model, SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Random random = Seeds.Stream(0, "probe");
        int length = Math.Min(128, model.Config.ContextLength);
        long[] ids = [.. Enumerable.Range(0, 2 * length).Select(_ => (long)random.Next(model.Config.VocabularySize))];
        return model.Forward(tensor(ids, [2, length]).to(model.Device), network).to(ScalarType.Float32).cpu().MoveToOuterDisposeScope();
    }

    /// <summary>Largest absolute difference of two sets of logits.</summary>
    public static LogitDifference Between(Tensor a, Tensor b) =>
        new((a - b).abs().max().to(ScalarType.Float64).item<double>(), a.abs().max().to(ScalarType.Float64).item<double>());

    /// <summary>Largest absolute difference of the whole networks' logits: zero up to rounding for a permuted copy.</summary>
    /// <param name="a">One model.</param>
    /// <param name="b">Another of the same shape.</param>
    /// <param name="text">Text to run; its first 1,024 tokens are used.</param>
    public static LogitDifference OfModels(DecoderModel a, DecoderModel b, TokenCorpus text)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return Largest(a, text, ids_BT => (a.Forward(ids_BT), b.Forward(ids_BT)));
    }

    /// <summary>
    /// Largest absolute difference between a slice's logits and those of the whole network with everything outside the slice silenced: the
    /// mask form that slices must equal. Computed in float64, so that nothing but a defect can make it larger than rounding.
    /// </summary>
    public static LogitDifference SliceAgainstMask(DecoderModel model, SubNetwork network, TokenCorpus text)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var exact = new DecoderModel(model.Weights.Clone(ScalarType.Float64));
        using var masked = new DecoderModel(Masked(exact.Weights, network));
        return Largest(exact, text, ids_BT => (exact.Forward(ids_BT, network), masked.Forward(ids_BT)));
    }

    /// <summary>
    /// A full-size copy in which heads, neurons and channels outside the slice write nothing to the residual stream. A narrower stream's norms
    /// average over the kept channels, √(w/C) of what C channels with zeros among them give: the copy's norm weights and epsilon make up for it. Layer
    /// norms subtract a mean besides, so that what is written to the stream is centred over the kept channels beforehand, which they cannot tell apart.
    /// </summary>
    public static DecoderWeights Masked(DecoderWeights weights, SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(network);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        ModelConfig config = weights.Config;
        network = network.ValidatedFor(config);
        int width = network.Width ?? config.HiddenSize;
        double share = (double)width / config.HiddenSize;
        bool centred = width < config.HiddenSize && config.Architecture.Norm == NormKind.Layer;
        DecoderWeights copy = Copy(weights, config.NormEpsilon * share, untied: centred);
        foreach ((BlockWeights block, BlockShape shape) in copy.Blocks.Zip(network.Blocks))
        {
            Silence(block.Output_QC, 0, (long)shape.KvGroups * config.HeadsPerGroup * config.HeadSize);
            Silence(block.Down_DC, 0, shape.Neurons);
            if (shape.KvGroups == 0) block.OutputBias_C?.zero_();
            if (shape.Neurons == 0) block.DownBias_C?.zero_();
        }
        if (width == config.HiddenSize) return copy;
        Tensor[] written = [.. new[] { copy.Embedding_VC, copy.Positions_TC }
            .Concat(copy.Blocks.SelectMany(b => new[] { b.Output_QC, b.OutputBias_C, b.Down_DC, b.DownBias_C })).OfType<Tensor>()];
        foreach (Tensor writes in written)
        {
            Silence(writes, (int)writes.dim() - 1, width);
            Tensor kept = writes.narrow(-1, 0, width);
            if (centred) kept.sub_(kept.mean([-1], keepdim: true));
        }
        foreach (Tensor norm in copy.Blocks.SelectMany(b => new[] { b.AttentionNorm_C, b.MlpNorm_C }).Append(copy.FinalNorm_C))
        {
            norm.mul_(Math.Sqrt(share));
            Silence(norm, 0, width);
        }
        foreach (Tensor bias in copy.Blocks.SelectMany(b => new[] { b.AttentionNormBias_C, b.MlpNormBias_C }).Append(copy.FinalNormBias_C).OfType<Tensor>()) Silence(bias, 0, width);
        if (!config.Architecture.QueryKeyNorm) return copy;
        // Norms of heads average over whole heads as before, but share the epsilon.
        foreach (Tensor heads in copy.Blocks.SelectMany(b => new[] { b.Query_QC, b.QueryBias_Q, b.Key_KC, b.KeyBias_K }).OfType<Tensor>()) heads.mul_(Math.Sqrt(share));
        return copy;
    }

    // A head of its own stands last in storage.
    private static DecoderWeights Copy(DecoderWeights weights, double epsilon, bool untied)
    {
        ModelConfig config = weights.Config with { NormEpsilon = epsilon };
        Tensor flat = weights.Flat.detach();
        flat = untied && config.TiedEmbeddings ? cat([flat, weights.Embedding_VC.detach().flatten()]) : flat.clone();
        return DecoderWeights.Over(untied ? config with { TiedEmbeddings = false } : config, flat.DetachFromDisposeScope());
    }

    private static void Silence(Tensor weight, int axis, long kept)
    {
        using Tensor beyond = weight.narrow(axis, kept, weight.size(axis) - kept);
        beyond.zero_();
    }

    private static LogitDifference Largest(DecoderModel model, TokenCorpus text, Func<Tensor, (Tensor, Tensor)> logits)
    {
        ArgumentNullException.ThrowIfNull(text);
        using var noGrad = no_grad();
        int length = (int)Math.Min(Math.Min(256, model.Config.ContextLength), text.Length - 1);
        var windows = new WindowSampler(text, length, seed: 0);
        LogitDifference largest = default;
        for (int i = 0; i < Math.Min(windows.WindowCount, Math.Max(1, 1024 / length)); i++)
        {
            using var scope = NewDisposeScope();
            (Tensor a, Tensor b) = logits(windows.Windows([i]).Input_BT.to(model.Device));
            largest = largest.Or(Between(a, b));
        }
        return largest;
    }
}
