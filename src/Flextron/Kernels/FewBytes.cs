using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Flextron.Kernels;

/// <summary>Reads part of a vector where the processor has no instruction for it.</summary>
internal static unsafe class FewBytes
{
    /// <summary>The first so many bytes, 1 to 15, the others zero; what lies behind is not read: two reads within the bytes overlap instead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(byte* source, int count)
    {
        ulong low, high = 0;
        if (count >= 8)
        {
            low = Unsafe.ReadUnaligned<ulong>(source);
            // Of the last eight bytes those that the first eight do not hold, by 8 to 64 bits: a shift of 64 is none, so that it is done in two.
            high = (Unsafe.ReadUnaligned<ulong>(source + count - 8) >> 1) >> (8 * (16 - count) - 1);
        }
        else if (count >= 4)
        {
            low = Unsafe.ReadUnaligned<uint>(source) | (ulong)Unsafe.ReadUnaligned<uint>(source + count - 4) << (8 * (count - 4));
        }
        else
        {
            // First, middle and last are all of up to three.
            low = source[0] | (uint)source[count >> 1] << (8 * (count >> 1)) | (uint)source[count - 1] << (8 * (count - 1));
        }
        return Vector128.Create(low, high).AsByte();
    }
}
