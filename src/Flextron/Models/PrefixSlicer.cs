using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>Takes the leading part of a weight: the first rows of a vector, or the first rows and columns of a matrix.</summary>
/// <param name="weight">A vector or a matrix.</param>
/// <param name="rows">Kept along the first axis.</param>
/// <param name="columns">Kept along the second axis; of no meaning for a vector.</param>
internal delegate Tensor PrefixSlicer(Tensor weight, long rows, long columns);
