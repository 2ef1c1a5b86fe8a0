using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Flextron.Models;

/// <summary>Token ids in an order, as a value.</summary>
public sealed class TokenIdList : IEquatable<TokenIdList>
{
    /// <summary>Creates a list.</summary>
    /// <param name="ids">At least one.</param>
    [JsonConstructor]
    public TokenIdList(ImmutableArray<int> ids) => Ids = ids;

    /// <summary>The ids.</summary>
    public ImmutableArray<int> Ids { get; }

    /// <inheritdoc/>
    public bool Equals(TokenIdList? other) => other is not null && Ids.AsSpan().SequenceEqual(other.Ids.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TokenIdList);

    /// <inheritdoc/>
    public override int GetHashCode() => Ids.AsSpan().ToArray().Aggregate(0, HashCode.Combine);

    /// <summary>The ids, with commas between.</summary>
    public override string ToString() => string.Join(", ", Ids.AsSpan().ToArray());
}
