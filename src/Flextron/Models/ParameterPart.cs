namespace Flextron.Models;

/// <summary>Parameters of one part of a model, over all its blocks.</summary>
/// <param name="Name">The part: embedding, positions, attention, mixers, mlp, norms or head.</param>
/// <param name="Count">Its parameters.</param>
public sealed record ParameterPart(string Name, long Count);
