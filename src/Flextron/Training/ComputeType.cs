namespace Flextron.Training;

/// <summary>Type of the matrix products in training.</summary>
public enum ComputeType
{
    /// <summary>
    /// bfloat16 on a processor with instructions for it (AVX-512 BF16, AMX) and a hidden size of 256 or more, where it is faster; else float32. A rule,
    /// not a measurement: the same machine always decides alike.
    /// </summary>
    Auto,

    /// <summary>float32.</summary>
    Float32,

    /// <summary>bfloat16.</summary>
    BFloat16,
}
