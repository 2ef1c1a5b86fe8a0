using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Routing.Dynamic;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Inference;

/// <summary>Log-probabilities that a model gives to the tokens of a text.</summary>
public static class TextScorer
{
    private const int HeadPositions = 512;

    /// <summary>
    /// Scores every id after the first. A text longer than the context is cut into windows; the first prediction of a later window sees one
    /// token, the last of the window before.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">At least two.</param>
    /// <param name="subNetwork">Which slice; the whole network where null.</param>
    /// <returns>ids.Length − 1 natural logarithms.</returns>
    /// <exception cref="FlextronException">Fewer than two ids, or one outside the vocabulary.</exception>
    public static double[] LogProbabilities(DecoderModel model, ReadOnlySpan<int> ids, SubNetwork? subNetwork = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        WeightView view = model.View(subNetwork ?? model.FullNetwork);
        return LogProbabilities(model, view, ids, ids_1T => model.Hidden(view, ids_1T));
    }

    /// <summary>The same where the widths are chosen for every token.</summary>
    /// <param name="model">Runs the choices.</param>
    /// <param name="ids">At least two.</param>
    /// <param name="begin">Opens the account of a window, each a sequence of its own.</param>
    /// <returns>ids.Length − 1 natural logarithms.</returns>
    /// <exception cref="FlextronException">Fewer than two ids, or one outside the vocabulary.</exception>
    public static double[] LogProbabilities(DynamicModel model, ReadOnlySpan<int> ids, Func<ITokenChoices> begin)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(begin);
        return LogProbabilities(model.Model, model.Model.View(model.Model.FullNetwork), ids, ids_1T => model.Hidden(ids_1T, begin()));
    }

    /// <summary>The same through the routers of a Mixture-of-Depths model.</summary>
    /// <param name="mixture">The model.</param>
    /// <param name="ids">At least two.</param>
    /// <param name="selector">Decides which tokens pass; each window is a sequence of its own.</param>
    /// <param name="subNetwork">Which slice; the whole network where null.</param>
    /// <returns>ids.Length − 1 natural logarithms.</returns>
    /// <exception cref="FlextronException">Fewer than two ids, or one outside the vocabulary.</exception>
    public static double[] LogProbabilities(MixtureModel mixture, ReadOnlySpan<int> ids, ITokenSelector selector, SubNetwork? subNetwork = null)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        SubNetwork network = subNetwork ?? mixture.Model.FullNetwork;
        return LogProbabilities(mixture.Model, mixture.Model.View(network), ids, ids_1T => mixture.Hidden(ids_1T, selector, network));
    }

    private static double[] LogProbabilities(DecoderModel model, WeightView view, ReadOnlySpan<int> ids, Func<Tensor, Tensor> hidden)
    {
        if (ids.Length < 2) throw new FlextronException($"The text has {ids.Length} tokens, of which none can be predicted: give a longer text.");
        foreach (int id in ids)
        {
            if (id < 0 || id >= model.Config.VocabularySize)
                throw new FlextronException($"Token id {id} is outside the model's vocabulary of {model.Config.VocabularySize}: use the tokenizer that belongs to the model.");
        }
        using var noGrad = no_grad();
        double[] result = new double[ids.Length - 1];
        for (int start = 0; start < result.Length; start += model.Config.ContextLength)
        {
            int length = Math.Min(model.Config.ContextLength, result.Length - start);
            Score(model, view, hidden, ids.Slice(start, length + 1), result.AsSpan(start, length));
        }
        return result;
    }

    private static void Score(DecoderModel model, WeightView view, Func<Tensor, Tensor> hidden, ReadOnlySpan<int> ids, Span<double> result)
    {
        using var scope = NewDisposeScope();
        Tensor all_S = tensor(Array.ConvertAll(ids.ToArray(), i => (long)i)).to(model.Device);
        Tensor hidden_TC = hidden(all_S.narrow(0, 0, result.Length).unsqueeze(0))[0];
        Tensor target_T1 = all_S.narrow(0, 1, result.Length).unsqueeze(1);
        for (int at = 0; at < result.Length; at += HeadPositions)
        {
            // A piece of positions at a time: logits of a whole long window over a large vocabulary would not fit everywhere.
            using var piece = NewDisposeScope();
            int count = Math.Min(HeadPositions, result.Length - at);
            Tensor logits_NV = model.Logits(view, hidden_TC.narrow(0, at, count)).to(ScalarType.Float32);
            Tensor picked_N = nn.functional.log_softmax(logits_NV, 1).gather(1, target_T1.narrow(0, at, count)).squeeze(1);
            picked_N.to(ScalarType.Float64).cpu().data<double>().ToArray().CopyTo(result.Slice(at, count));
        }
    }
}
