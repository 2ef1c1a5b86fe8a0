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

    /// <summary>Reads one weight.</summary>
    static abstract float Load(byte* row, nint index);
}
