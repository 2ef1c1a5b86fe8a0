using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Signed bytes; the row's scale is applied by the kernels.</summary>
internal unsafe struct Int8Element : IWeightElement
{
    /// <inheritdoc/>
    public static int Size => 1;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<T, V>(byte* row, nint index) where T : ISimd<V> where V : struct => T.LoadInt8((sbyte*)row + index);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadPart<T, V>(byte* row, nint index, int count) where T : ISimd<V> where V : struct => T.LoadPartInt8((sbyte*)row + index, count);
}
