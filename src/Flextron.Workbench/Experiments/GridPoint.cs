using System.Globalization;
using System.Text.Json.Nodes;

namespace Flextron.Workbench.Experiments;

/// <summary>One combination of a grid's values.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Axes">The grid's axes.</param>
/// <param name="Values">A value for each.</param>
/// <param name="Settings">All settings with these values.</param>
public sealed record GridPoint(int Number, IReadOnlyList<GridAxis> Axes, IReadOnlyList<JsonNode?> Values, JsonNode Settings)
{
    private const int LongestName = 80;

    /// <summary>Its values without seeds, for people: equal for repetitions of one another.</summary>
    public string Setting => Words(seeds: false) is { Length: > 0 } words ? words : "all";

    /// <summary>Its seeds, which pair points of different settings.</summary>
    public string Seeds => Words(seeds: true);

    /// <summary>Name of its folder.</summary>
    public string FolderName
    {
        get
        {
            string words = string.Join('-', Axes.Zip(Values, (a, v) => $"{a.Name}-{SettingsGrid.Text(v)}"));
            string plain = new([.. words.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')]);
            return string.Create(CultureInfo.InvariantCulture, $"{Number:000}-{(plain.Length > LongestName ? plain[..LongestName] : plain)}");
        }
    }

    private string Words(bool seeds) => string.Join(", ", Axes.Zip(Values).Where(p => p.First.IsSeed == seeds).Select(p => $"{Name(p.First)} = {SettingsGrid.Text(p.Second)}"));

    // The last part of the path is enough where no other axis ends alike.
    private string Name(GridAxis axis) => Axes.Count(a => a.Name == axis.Name) == 1 ? axis.Name : axis.Setting;
}
