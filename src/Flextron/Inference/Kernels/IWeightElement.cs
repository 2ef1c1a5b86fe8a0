using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>How stored weights become float32.</summary>
internal unsafe interface IWeightElement
{
    /// <summary>Bytes of one weight.</summary>
    static abstract int Size { get; }

    /// <summary>Reads as many weights as a vector has lanes.</summary>
    /// <param name="row">Start of a row.</param>
    /// <param name="index">First weight within it.</param>
    static abstract V Load<T, V>(byte* row, nint index) where T : ISimd<V> where V : struct;

    /// <summary>Reads fewer weights than a vector has lanes, zeros in the others; what lies behind them is not read.</summary>
    static abstract V LoadPart<T, V>(byte* row, nint index, int count) where T : ISimd<V> where V : struct;
}
