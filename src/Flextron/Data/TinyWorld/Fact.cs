namespace Flextron.Data.TinyWorld;

/// <summary>One true sentence of the world in pieces: the cow (entity) eats (its relation) grass (value).</summary>
/// <param name="Entity">What the fact is about.</param>
/// <param name="Value">The answer that the world gives.</param>
/// <param name="AlsoTrue">Other values that would be true and therefore may never stand as a wrong choice.</param>
public sealed record Fact(string Entity, string Value, IReadOnlyList<string> AlsoTrue)
{
    /// <summary>Whether the value is right for this entity.</summary>
    public bool Admits(string value) => value == Value || AlsoTrue.Contains(value);
}
