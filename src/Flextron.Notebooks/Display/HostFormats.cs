using System.Globalization;
using Deedle;
using Flextron.Models;
using Flextron.Selection;
using Flextron.Workbench.Figures;
using MathNet.Numerics.LinearAlgebra;
using GenericChart = Plotly.NET.GenericChart;
using TorchSharp;

namespace Flextron.Notebooks.Display;

/// <summary>How values of this project and of the libraries it stands on are shown; the last form of each is plain text.</summary>
internal static class HostFormats
{
    /// <summary>Registers all of them.</summary>
    public static void Register()
    {
        ValueFormatter.Register<TextGrid>((MimeTypes.Html, g => g.ToHtml()), (MimeTypes.Text, g => g.ToText()));
        ValueFormatter.Register<Picture>((MimeTypes.Svg, p => p.Svg), (MimeTypes.Csv, p => p.Csv!), (MimeTypes.Text, p => p.Text));
        ValueFormatter.Register<Figure>((MimeTypes.Plotly, PlotlyRenderer.ToJson), (MimeTypes.Svg, f => SvgRenderer.Render(f)), (MimeTypes.Csv, f => f.ToCsv()), (MimeTypes.Text, FigureText));
        ValueFormatter.Register<GenericChart>((MimeTypes.Plotly, GenericChart.toJson), (MimeTypes.Text, _ => "Plotly chart"));
        ValueFormatter.Register<ColouredText>((MimeTypes.Svg, t => t.ToSvg()), (MimeTypes.Csv, t => t.ToCsv()), (MimeTypes.Text, ColouredWords));
        ValueFormatter.Register<SubNetwork>((MimeTypes.Svg, n => SubNetworkBars.Render(n)), (MimeTypes.Csv, SubNetworkBars.ToCsv), (MimeTypes.Text, n => n.ToString()));
        Grid<SelectedNetwork>(SelectedGrid);
        Grid<ModelConfig>(c => LayerTable.Of(c));
        Grid<DecoderModel>(m => LayerTable.Of(m.Config));
        Grid<torch.Tensor>(TensorGrid.Of);
        Grid<Matrix<double>>(m => NumberGrid.Of(m.RowCount, m.ColumnCount, (r, c) => m[r, c], $"{m.RowCount} × {m.ColumnCount} matrix of float64"));
        Grid<Matrix<float>>(m => NumberGrid.Of(m.RowCount, m.ColumnCount, (r, c) => m[r, c], $"{m.RowCount} × {m.ColumnCount} matrix of float32"));
        Grid<Vector<double>>(v => NumberGrid.Of(1, v.Count, (_, c) => v[c], $"vector of {v.Count} float64"));
        Grid<Vector<float>>(v => NumberGrid.Of(1, v.Count, (_, c) => v[c], $"vector of {v.Count} float32"));
        foreach (Type type in (Type[])[typeof(Frame<,>), typeof(Series<,>)])
            ValueFormatter.Register(type, (MimeTypes.Html, v => FrameGrid.Of(v).ToHtml()), (MimeTypes.Text, v => FrameGrid.Of(v).ToText()));
    }

    private static void Grid<T>(Func<T, TextGrid> grid) => ValueFormatter.Register<T>((MimeTypes.Html, v => grid(v).ToHtml()), (MimeTypes.Text, v => grid(v).ToText()));

    private static string FigureText(Figure figure) =>
        $"Figure: {figure.Title}{(figure.Subtitle is null ? "" : $" ({figure.Subtitle})")}\n{figure.X.Title} × {figure.Y.Title}: {string.Join("; ", figure.Series.Select(s => s.Name))}{(figure.Statistics.Count > 0 ? "\n" + string.Join(", ", figure.Statistics) : "")}";

    private static string ColouredWords(ColouredText text)
    {
        double[] known = [.. text.Values.Where(double.IsFinite)];
        return string.Create(CultureInfo.InvariantCulture, $"{string.Concat(text.Tokens)}\n[{text.Quantity}: mean {known.DefaultIfEmpty(double.NaN).Average():0.000} over {known.Length} tokens]");
    }

    private static TextGrid SelectedGrid(SelectedNetwork s)
    {
        CultureInfo c = CultureInfo.InvariantCulture;
        return new TextGrid(["", "value"],
        [
            ["network", s.SubNetwork.ToString()],
            ["cost", string.Create(c, $"{s.Cost:0.###} {s.Unit}")],
            ["predicted loss", s.PredictedLoss is { } loss ? string.Create(c, $"{loss:0.000} nats/token") : "not known"],
            ["parameters", s.Parameters.ToString("N0", c)],
            ["weights and KV cache", string.Create(c, $"{s.Bytes / 1e6:0.00} MB")],
        ]);
    }
}
