using System.Globalization;
using Flextron.Models;

namespace Flextron.Workbench.Figures;

/// <summary>Draws what a sub-network keeps: for every block a bar of heads and a bar of neurons against the full width.</summary>
public static class SubNetworkBars
{
    private const double Width = 640, Left = 78, BarLeft = 84, BarWidth = 400, RowHeight = 34, Top = 44, FontSize = 12;

    /// <summary>The picture as one SVG document.</summary>
    /// <param name="network">The choices.</param>
    /// <param name="full">The model; where null, bars are drawn against the widest block.</param>
    /// <param name="title">One line above; the network's own notation where null.</param>
    public static string Render(SubNetwork network, ModelConfig? full = null, string? title = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        int groups = full?.KvGroupCount ?? Math.Max(1, network.Blocks.Max(b => b.KvGroups)), neurons = full?.NeuronCount ?? Math.Max(1, network.Blocks.Max(b => b.Neurons));
        double height = Top + RowHeight * network.Blocks.Length + 12;
        var canvas = new SvgCanvas();
        canvas.Open("svg", ("xmlns", "http://www.w3.org/2000/svg"), ("width", Width), ("height", height), ("viewBox", $"0 0 {SvgCanvas.Number(Width)} {SvgCanvas.Number(height)}"),
            ("role", "img"), ("font-family", SvgRenderer.Fonts), ("fill", Palette.Ink));
        canvas.TextElement("title", title ?? network.ToString());
        canvas.Element("rect", ("width", Width), ("height", height), ("fill", "#ffffff"));
        string heading = title ?? $"Sub-network {(network.Blocks.Length <= 8 ? network.ToString() : $"of {network.Blocks.Length} blocks")}";
        if (network.Width is { } width) heading += string.Create(CultureInfo.InvariantCulture, $"  ({width}{(full is null ? "" : $" of {full.HiddenSize}")} channels)");
        canvas.Text(8, 20, TextMetrics.Shorten(heading, 14, Width - 16, bold: true), 14, bold: true);
        for (int i = 0; i < network.Blocks.Length; i++)
        {
            double y = Top + RowHeight * i;
            canvas.Text(Left, y + 17, string.Create(CultureInfo.InvariantCulture, $"block {i}"), FontSize, "end");
            Bar(canvas, y + 1, network.Blocks[i].KvGroups, groups, "groups", 0);
            Bar(canvas, y + 15, network.Blocks[i].Neurons, neurons, "neurons", 1);
        }
        canvas.Close("svg");
        return canvas.ToString();
    }

    /// <summary>The kept parts of every block as comma-separated text with a header line.</summary>
    public static string ToCsv(SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var table = new FigureTable("block", "kept");
        for (int i = 0; i < network.Blocks.Length; i++)
            table.Add().Number(table.XName, i).Number("groups", network.Blocks[i].KvGroups).Number("neurons", network.Blocks[i].Neurons);
        return table.ToCsv();
    }

    private static void Bar(SvgCanvas canvas, double y, int kept, int full, string unit, int series)
    {
        canvas.Element("rect", ("x", BarLeft), ("y", y), ("width", BarWidth), ("height", 12.0), ("fill", Palette.Grid));
        if (kept > 0) canvas.Element("rect", ("x", BarLeft), ("y", y), ("width", BarWidth * kept / full), ("height", 12.0), ("fill", Palette.Colour(series)));
        string text = kept == 0 ? $"no {unit}: skipped" : string.Create(CultureInfo.InvariantCulture, $"{kept} of {full} {unit}");
        canvas.Text(BarLeft + BarWidth + 8, y + 10, text, 11, colour: Palette.Muted);
    }
}
