using System.Text.Json;
using System.Xml.Linq;
using Deedle;
using Flextron.Models;
using Flextron.Notebooks.Display;
using Flextron.Workbench.Figures;
using MathNet.Numerics.LinearAlgebra.Double;
using TorchSharp;

namespace Flextron.Tests.Notebooks;

public sealed class FormatTests
{
    private static readonly ModelConfig Config = new()
    {
        Family = "llama", VocabularySize = 100, HiddenSize = 8, BlockCount = 2, HeadCount = 4, KvGroupCount = 2, HeadSize = 2, NeuronCount = 16, ContextLength = 32, TiedEmbeddings = true,
    };

    private static string[] Lines(object? value) => [.. ValueFormatter.Format(value).Text.Split('\n').Select(l => l.TrimEnd())];

    [Fact]
    public void Figures_have_an_interactive_a_static_and_a_spoken_form()
    {
        var figure = new Figure("Loss", new Axis("Step"), new Axis("Loss", "nats"), [new LineSeries("a < b", [1, 2], [3, 4])]) { Subtitle = "one seed" };
        MimeBundle bundle = ValueFormatter.Format(figure);
        Assert.Equal(["application/vnd.plotly.v1+json", "image/svg+xml", "text/csv", "text/plain"], bundle.Data.Keys.Order(StringComparer.Ordinal));
        JsonElement plotly = JsonDocument.Parse(bundle.Data[MimeTypes.Plotly]).RootElement;
        Assert.Equal([3.0, 4.0], plotly.GetProperty("data")[0].GetProperty("y").EnumerateArray().Select(y => y.GetDouble()));
        Assert.True(plotly.TryGetProperty("layout", out _));
        Assert.Equal("svg", XDocument.Parse(bundle.Data[MimeTypes.Svg]).Root!.Name.LocalName);
        Assert.Equal("series,Step,Loss (nats)\na < b,1,3\na < b,2,4\n", bundle.Data[MimeTypes.Csv]);
        Assert.Equal("Figure: Loss (one seed)\nStep × Loss (nats): a < b", bundle.Text);
        Assert.InRange(bundle.Data[MimeTypes.Plotly].Length, 100, 20_000);
    }

    [Fact]
    public void Frames_are_tables_with_their_first_and_last_rows()
    {
        var frame = Frame.FromColumns(new Dictionary<string, Series<int, double>>
        {
            ["x"] = new Series<int, double>(Enumerable.Range(0, 50).ToDictionary(i => i, i => i / 4.0)), ["y"] = new Series<int, double>(Enumerable.Range(0, 49).ToDictionary(i => i, i => (double)(i * i))),
        });
        string[] lines = Lines(frame);
        Assert.Equal(["", "x", "y"], [lines[0][..1].Trim(), .. lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(23, lines.Length);
        Assert.Equal(["3", "0.75", "9"], lines[4].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["…", "…", "…"], lines[11].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        // A missing value is an empty cell.
        Assert.Equal(["49", "12.25"], lines[21].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("50 rows × 2 columns", lines[22]);
        Assert.InRange(ValueFormatter.Format(frame).Data[MimeTypes.Html].Length, 500, 6000);
        Assert.Equal(["a    1.5", "b    2.5"], Lines(new Series<string, double>(["a", "b"], [1.5, 2.5]))[1..3]);
    }

    [Fact]
    public void Tensors_show_type_shape_range_and_numbers()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal(["0  1  2", "0  1  2", "3  4  5", "Float32 [2, 3] on cpu: min 0, mean 2.5, max 5"], Lines(torch.arange(6, torch.ScalarType.Float32).reshape(2, 3)));
        Assert.Equal("BFloat16 [2, 3, 4] on cpu: min 1, mean 1, max 1", Lines(torch.ones([2, 3, 4], torch.ScalarType.BFloat16))[^1]);
        Assert.Equal("Float32 [1000, 1000] on cpu: min 0, mean 0, max 0", Lines(torch.zeros(1000, 1000))[^1]);
        torch.Tensor gone = torch.ones(1);
        gone.Dispose();
        Assert.Equal("disposed", Lines(gone)[^1]);
        torch.Tensor learned = torch.ones([2], requires_grad: true);
        Assert.EndsWith("requires grad: min 1, mean 1, max 1", Lines(learned)[^1]);
    }

    [Fact]
    public void Matrices_show_their_corners()
    {
        string[] lines = Lines(DenseMatrix.Create(40, 30, (r, c) => r * 100 + c));
        Assert.Equal("40 × 30 matrix of float64", lines[^1]);
        Assert.Equal(["0", "1", "2", "3", "4", "…", "25", "26", "27", "28", "29"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["3900", "3901", "3902", "3903", "3904", "…", "3925", "3926", "3927", "3928", "3929"], lines[^2].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["0    1", "1  2.5", "vector of 2 float64"], Lines(new DenseVector([1, 2.5])));
    }

    [Fact]
    public void Models_show_their_layers_and_the_sum_is_the_whole()
    {
        MimeBundle bundle = ValueFormatter.Format(Config);
        string[] rows = bundle.Text.Split('\n');
        double sum = rows[1..5].Select(r => r.Split("  ", StringSplitOptions.RemoveEmptyEntries)).Sum(c => double.Parse(c[3].Replace(",", ""), System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(DecoderWeights.CountParameters(Config), sum);
        Assert.EndsWith($"{DecoderWeights.CountParameters(Config):N0} parameters", rows[^1]);
        using var model = new DecoderModel(DecoderWeights.Allocate(Config));
        Assert.Equal(bundle.Text, ValueFormatter.Format(model).Text);
    }

    [Fact]
    public void Sub_networks_have_a_bar_of_heads_and_of_neurons_a_block()
    {
        var network = new SubNetwork([new BlockShape(1, 8), new BlockShape(0, 16)]);
        XElement[] bars = Rectangles(ValueFormatter.Format(network.Picture(Config)).Data[MimeTypes.Svg]);
        // Per block and axis a pale full bar and, where anything is kept, a coloured one over it.
        Assert.Equal(["400", "200", "400", "200", "400", "400", "400"], bars.Select(b => b.Attribute("width")!.Value));
        Assert.Equal("1x8 0x16", ValueFormatter.Format(network).Text);
    }

    [Fact]
    public void Texts_are_coloured_by_their_numbers()
    {
        var text = new ColouredText(["One", " <two>", "\nthree"], [double.NaN, 0, 4], "surprise");
        string svg = text.ToSvg();
        XElement[] boxes = Rectangles(svg);
        Assert.Equal(["#ffffff", "#F5F9FD", "#08306B"], boxes.Take(3).Select(b => b.Attribute("fill")!.Value));
        Assert.Contains(">three: surprise 4<", svg);
        Assert.Equal("One <two>\nthree\n[surprise: mean 2.000 over 2 tokens]", ValueFormatter.Format(text).Text);
        Assert.Throws<FlextronException>(() => new ColouredText(["a"], [], "x").ToSvg());
        // A scale that ends below the largest number says so; the title names the picture, the note does not.
        string titled = (text with { Title = "Half of it", Note = "2.00 nats a token", Maximum = 3 }).ToSvg();
        Assert.Contains("<title>Half of it: text coloured by surprise</title>", titled);
        Assert.Contains(">2.00 nats a token<", titled);
        Assert.Contains(">3 and more<", titled);
    }

    [Fact]
    public void Forms_that_cannot_be_made_are_left_out()
    {
        // A figure without data cannot be drawn; its words are still there.
        MimeBundle bundle = ValueFormatter.Format(new Figure("Empty", new Axis("a"), new Axis("b"), []));
        Assert.Equal([MimeTypes.Text], bundle.Data.Keys);
        Assert.StartsWith("Figure: Empty", bundle.Text);
    }

    private static XElement[] Rectangles(string svg) => [.. XDocument.Parse(svg).Descendants().Where(e => e.Name.LocalName == "rect").Skip(1)];
}
