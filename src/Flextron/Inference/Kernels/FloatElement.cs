using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>float32 weights.</summary>
internal unsafe struct FloatElement : IWeightElement
{
    /// <inheritdoc/>
    public static int Size => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<T, V>(byte* row, nint index) where T : ISimd<V> where V : struct => T.Load((float*)row + index);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadPart<T, V>(byte* row, nint index, int count) where T : ISimd<V> where V : struct => T.LoadPart((float*)row + index, count);
}
