using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Flextron.Models;

/// <summary>Numbers in an order, as a value.</summary>
public sealed class NumberList : IEquatable<NumberList>
{
    /// <summary>Creates a list.</summary>
    /// <param name="values">At least one.</param>
    [JsonConstructor]
    public NumberList(ImmutableArray<double> values) => Values = values;

    /// <summary>The numbers.</summary>
    public ImmutableArray<double> Values { get; }

    /// <inheritdoc/>
    public bool Equals(NumberList? other) => other is not null && Values.AsSpan().SequenceEqual(other.Values.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NumberList);

    /// <inheritdoc/>
    public override int GetHashCode() => Values.AsSpan().ToArray().Aggregate(0, HashCode.Combine);

    /// <summary>The numbers, with commas between.</summary>
    public override string ToString() => string.Join(", ", Values.AsSpan().ToArray().Select(v => v.ToString(CultureInfo.InvariantCulture)));
}
