namespace Flextron.Inference.Kernels;

/// <summary>A matrix of weights in memory that someone else owns. Narrower slices are fewer rows or fewer columns of the same memory.</summary>
/// <param name="Data">First weight; rows follow each other without gaps.</param>
/// <param name="Scales">One factor per row, or null where all are 1.</param>
/// <param name="Rows">Rows that exist.</param>
/// <param name="Columns">Weights from one row to the next.</param>
/// <param name="Format">What <paramref name="Data"/> holds; never <see cref="WeightFormat.Model"/>.</param>
internal readonly unsafe record struct WeightMatrix(nint Data, nint Scales, int Rows, int Columns, WeightFormat Format)
{
    /// <summary>Bytes of one weight.</summary>
    public int ElementSize => SizeOf(Format);

    /// <summary>Start of a row.</summary>
    public byte* Row(int row) => (byte*)Data + (nint)row * Columns * ElementSize;

    /// <summary>Factor of a row.</summary>
    public float Scale(int row) => Scales == 0 ? 1 : ((float*)Scales)[row];

    /// <summary>Bytes of one weight of a format.</summary>
    public static int SizeOf(WeightFormat format) => format switch
    {
        WeightFormat.BFloat16 => 2,
        WeightFormat.Int8 => 1,
        _ => 4,
    };
}
