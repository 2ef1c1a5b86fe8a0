namespace Flextron.Inference.Kernels;

/// <summary>How a decode engine holds weights.</summary>
public enum WeightFormat
{
    /// <summary>As the model holds them; on float32 models the model's own memory is read in place.</summary>
    Model,

    /// <summary>32-bit floats.</summary>
    Float32,

    /// <summary>16-bit floats with float32's range and 8 significant bits: half the bytes, a relative rounding error of at most 2⁻⁹ a weight.</summary>
    BFloat16,

    /// <summary>
    /// 8-bit integers with one float32 scale per stored row: a quarter of the bytes, an error of at most half a step, 1/254 of the row's
    /// greatest magnitude, a weight. Activations, norms and sums stay float32.
    /// </summary>
    Int8,
}
