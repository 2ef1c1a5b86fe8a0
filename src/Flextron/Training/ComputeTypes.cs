using System.Runtime.Intrinsics.X86;
using Flextron.Models;
using Flextron.Training.Passes;
using static TorchSharp.torch;

namespace Flextron.Training;

/// <summary>Decides what training computes in.</summary>
public static class ComputeTypes
{
    /// <summary>Smallest hidden size that gains by bfloat16: below it products are too small for the conversions to pay.</summary>
    public const int SmallestHiddenSize = 256;

    /// <summary>Whether this processor multiplies bfloat16 matrices faster than float32 ones.</summary>
    public static bool ProcessorGains { get; } = HasInstructions();

    /// <summary>The type for a model.</summary>
    /// <exception cref="FlextronException">bfloat16 was asked for where it is not offered.</exception>
    public static ScalarType Resolve(ComputeType wanted, DecoderModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        bool offered = FusedPass.Fits(model);
        if (wanted == ComputeType.BFloat16 && !offered)
            throw new FlextronException("bfloat16 training is offered for float32 weights of models that attend in every block with the layers of Llama, on the CPU only: leave compute at auto or float32.");
        bool gains = offered && ProcessorGains && model.Config.HiddenSize >= SmallestHiddenSize;
        return wanted == ComputeType.BFloat16 || (wanted == ComputeType.Auto && gains) ? ScalarType.BFloat16 : ScalarType.Float32;
    }

    // CPUID leaf 7: AVX512_BF16 is bit 5 of EAX in subleaf 1, AMX-BF16 bit 22 of EDX in subleaf 0.
    private static bool HasInstructions()
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7) return false;
        (int highest, _, _, int features) = X86Base.CpuId(7, 0);
        return (features & (1 << 22)) != 0 || (highest >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0);
    }
}
