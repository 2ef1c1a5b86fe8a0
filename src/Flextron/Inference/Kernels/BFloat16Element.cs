using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>bfloat16 weights: the upper half of a float32.</summary>
internal unsafe struct BFloat16Element : IWeightElement
{
    /// <inheritdoc/>
    public static int Size => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<T, V>(byte* row, nint index) where T : ISimd<V> where V : struct => T.LoadBFloat16((ushort*)row + index);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadPart<T, V>(byte* row, nint index, int count) where T : ISimd<V> where V : struct => T.LoadPartBFloat16((ushort*)row + index, count);
}
