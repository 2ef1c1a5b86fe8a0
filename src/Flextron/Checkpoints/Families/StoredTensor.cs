using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.Checkpoints.Families;

/// <summary>A tensor as a family stores it.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its shape in the file.</param>
/// <param name="View">
/// Its place in the weights: a view whose elements, in row-major order, are the file's. Its shape may differ from the file's, so that layouts which
/// interleave several tensors need no copies.
/// </param>
internal sealed record StoredTensor(string Name, long[] Shape, Func<DecoderWeights, Tensor> View);
