using System.Globalization;
using Flextron.Latency;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Costs against several kinds of size in one picture: each relative to its largest, so that a line of slope 1 is linear.</summary>
internal sealed class ScalingChart
{
    private readonly List<FigureSeries> lines = [];

    /// <summary>Adds a kind of size.</summary>
    /// <param name="name">Of what.</param>
    /// <param name="sizes">Ascending.</param>
    /// <param name="costs">[size][round].</param>
    /// <param name="fit">Its exponent.</param>
    public void Add(string name, IReadOnlyList<int> sizes, IReadOnlyList<double[]> costs, ScalingFit fit)
    {
        Quartiles[] spread = [.. costs.Select(c => Quartiles.Of(c))];
        double full = spread[^1].Median;
        lines.Add(new LineSeries(
            string.Create(CultureInfo.InvariantCulture, $"{name}: e = {fit.Exponent:0.00} ± {fit.HalfWidth:0.00}"), [.. sizes.Select(n => n / (double)sizes[^1])], [.. spread.Select(c => c.Median / full)])
        {
            Lower = [.. spread.Select(c => c.Lower / full)], Upper = [.. spread.Select(c => c.Upper / full)],
        });
    }

    /// <summary>The picture.</summary>
    public Figure Figure() => new(
        "Cost against size",
        new Axis("Share of the largest size") { Scale = AxisScale.Logarithmic }, new Axis("Share of the largest size's time") { Scale = AxisScale.Logarithmic }, lines)
    {
        Subtitle = "median and quartiles over rounds; e over the larger half of the sizes with its 95 % interval",
    };
}
