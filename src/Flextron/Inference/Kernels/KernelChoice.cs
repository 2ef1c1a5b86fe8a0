using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Chooses the arithmetic for this processor.</summary>
internal static class KernelChoice
{
    /// <summary>The widest kernels that the processor runs at full speed.</summary>
    public static IKernels Best { get; } = Available()[0];

    /// <summary>Every width that this processor can run, widest first.</summary>
    public static IReadOnlyList<IKernels> Available()
    {
        var all = new List<IKernels>();
        if (Vector512.IsHardwareAccelerated && Avx512BW.VL.IsSupported) all.Add(new VectorKernels<Simd512, Vector512<float>>());
        if (Vector256.IsHardwareAccelerated && Avx2.IsSupported) all.Add(new VectorKernels<Simd256, Vector256<float>>());
        all.Add(new VectorKernels<Simd128, Vector128<float>>());
        return all;
    }
}
