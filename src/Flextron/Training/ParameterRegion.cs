using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Training;

/// <summary>A part of the flat parameter tensor: a stretch of it, or the first columns of some rows of a matrix in it.</summary>
/// <param name="Start">First element.</param>
/// <param name="Rows">1 for a stretch.</param>
/// <param name="Columns">Elements of a row.</param>
/// <param name="Stride">Elements from one row to the next, at least <paramref name="Columns"/>.</param>
/// <param name="Decays">Whether weight decay applies: to matrices, not to norms.</param>
public readonly record struct ParameterRegion(long Start, long Rows, long Columns, long Stride, bool Decays)
{
    /// <summary>A stretch without gaps.</summary>
    public static ParameterRegion Stretch(long start, long length, bool decays) => new(start, 1, length, length, decays);

    /// <summary>Elements in it.</summary>
    public long Count => Rows * Columns;

    /// <summary>The region of a flat tensor as a view, [columns] or [rows, columns]; nothing is copied.</summary>
    public Tensor Of(Tensor flat)
    {
        ArgumentNullException.ThrowIfNull(flat);
        if (Rows == 1) return flat.narrow(0, Start, Columns);
        using Tensor rows = flat.narrow(0, Start, Rows * Stride);
        using Tensor matrix = rows.view(Rows, Stride);
        return matrix.narrow(1, 0, Columns);
    }
}
