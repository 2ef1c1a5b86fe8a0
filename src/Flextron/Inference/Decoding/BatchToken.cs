using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>The next token of one sequence of a <see cref="DecodeBatch"/>.</summary>
/// <param name="Sequence">Which sequence.</param>
/// <param name="Token">Its id.</param>
/// <param name="Network">With which slice; the widest that the batch has room for where null.</param>
/// <param name="Router">Decides the widths on the way instead; one that keeps account of what it has spent serves one sequence.</param>
public readonly record struct BatchToken(int Sequence, int Token, SubNetwork? Network = null, IStepRouter? Router = null);
