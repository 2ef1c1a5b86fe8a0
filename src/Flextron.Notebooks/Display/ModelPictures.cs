using Flextron.Inference;
using Flextron.Models;
using Flextron.Tokenization;
using Flextron.Workbench.Figures;

namespace Flextron.Notebooks.Display;

/// <summary>Pictures of models and of what they say, one call each.</summary>
public static class ModelPictures
{
    /// <summary>What a sub-network keeps of a model, a bar a block.</summary>
    public static Picture Picture(this SubNetwork network, ModelConfig full, string? title = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        return new Picture(SubNetworkBars.Render(network, full, title), $"{title ?? "sub-network"}: {network}") { Csv = SubNetworkBars.ToCsv(network) };
    }

    /// <summary>A text whose tokens are coloured by how unlikely a model finds them: dark is surprising.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="text">The text.</param>
    /// <param name="subNetwork">Which slice; the whole network where null.</param>
    /// <param name="maximum">Nats drawn darkest, so that several pictures can share a scale; the largest of this text where null.</param>
    public static ColouredText Surprise(this DecoderModel model, Tokenizer tokenizer, string text, SubNetwork? subNetwork = null, double? maximum = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        int[] ids = tokenizer.Encode(text);
        double[] values = [double.NaN, .. TextScorer.LogProbabilities(model, ids, subNetwork).Select(l => -l)];
        string of = subNetwork is null || subNetwork.Equals(model.FullNetwork) ? "The whole network" : $"Sub-network {(subNetwork.Blocks.Length <= 8 ? subNetwork.ToString() : $"of {subNetwork.Blocks.Length} blocks")}";
        return new ColouredText(IncrementalDecoder.Pieces(tokenizer, ids), values, "surprise (nats)")
        {
            Title = of, Note = FormattableString.Invariant($"{values.Skip(1).DefaultIfEmpty(double.NaN).Average():0.00} nats a token"), Minimum = 0, Maximum = maximum,
        };
    }
}
