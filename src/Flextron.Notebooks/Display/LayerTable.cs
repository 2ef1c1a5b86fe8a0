using System.Globalization;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Notebooks.Display;

/// <summary>A model's layers with shapes and parameters.</summary>
internal static class LayerTable
{
    /// <summary>The table of a shape.</summary>
    public static TextGrid Of(ModelConfig config)
    {
        ICostTable count = AnalyticCosts.Parameters(config);
        long all = DecoderWeights.CountParameters(config), embedding = (long)config.VocabularySize * config.HiddenSize;
        double attention = count.Attention(0, config.KvGroupCount), mlp = count.Mlp(0, config.NeuronCount);
        CultureInfo c = CultureInfo.InvariantCulture;
        string[] Row(string layer, string shape, double each, int times) =>
            [layer, shape, each.ToString("N0", c), (each * times).ToString("N0", c), (each * times / all).ToString("0.0 %", c)];
        List<string[]> rows =
        [
            Row("embedding", string.Create(c, $"{config.VocabularySize} × {config.HiddenSize}"), embedding, 1),
            Row($"attention × {config.BlockCount}", string.Create(c, $"{config.HeadCount} heads of {config.HeadSize} in {config.KvGroupCount} groups"), attention, config.BlockCount),
            Row($"MLP × {config.BlockCount}", string.Create(c, $"{config.HiddenSize} → {config.NeuronCount} → {config.HiddenSize}, {(config.Architecture.GatedMlp ? "gated" : "plain")}"), mlp, config.BlockCount),
            Row("final norm", config.HiddenSize.ToString(c), config.Architecture.Norm == NormKind.Layer ? 2 * config.HiddenSize : config.HiddenSize, 1),
            config.TiedEmbeddings ? ["head", "the embedding", "", "", ""] : Row("head", string.Create(c, $"{config.HiddenSize} × {config.VocabularySize}"), embedding, 1),
        ];
        if (config.Architecture.LearnedPositions)
            rows.Insert(1, Row("positions", string.Create(c, $"{config.ContextLength} × {config.HiddenSize}"), (double)config.ContextLength * config.HiddenSize, 1));
        return new TextGrid(["layer", "shape", "parameters each", "parameters", "share"], rows,
            string.Create(c, $"{config.Family}, {config.BlockCount} blocks, context {config.ContextLength}: {all:N0} parameters"));
    }
}
