namespace Flextron.Checkpoints;

/// <summary>One tensor as a safetensors header describes it.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="Dtype">The element type in the format's words: <c>F32</c>, <c>BF16</c>, <c>I64</c>.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin, from the start of the file.</param>
/// <param name="ByteLength">How many bytes it has; the header's claim, checked against shape, type and file.</param>
public sealed record SafetensorsEntry(string Name, string Dtype, IReadOnlyList<long> Shape, long Offset, long ByteLength);
