using System.Collections.Immutable;
using System.Globalization;
using Flextron.Elastic;

namespace Flextron.Cli.CommandLine;

/// <summary>Choices along one elastic axis as they are typed: numbers or shares of the whole, separated by commas, such as <c>64,96</c> or <c>0.5,0.75</c>.</summary>
internal static class WidthList
{
    /// <summary>Reads a list.</summary>
    /// <param name="option">The option's name, for the message.</param>
    /// <param name="text">What was typed; null where the option was not given.</param>
    /// <param name="full">The whole.</param>
    /// <param name="multiple">Shares are rounded up to a multiple of this.</param>
    /// <exception cref="FlextronException">An item is neither a number of 1 to the whole nor a share.</exception>
    public static ImmutableArray<int>? Parse(string option, string? text, int full, int multiple = 1)
    {
        if (text is null) return null;
        return [.. text.Split(',', StringSplitOptions.TrimEntries).Select(Item)];

        int Item(string item)
        {
            if (int.TryParse(item, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= full) return number;
            bool isShare = item.Contains('.', StringComparison.Ordinal) && double.TryParse(item, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double share) && share is > 0 and <= 1;
            if (!isShare)
                throw new FlextronException($"\"{item}\" in {option} is neither a number from 1 to {full} nor a share such as 0.5: write for example {option} {Math.Max(1, full / 2)} or {option} 0.5,0.75.");
            return ElasticSettings.CountOf(double.Parse(item, CultureInfo.InvariantCulture), full, multiple);
        }
    }
}
