using Flextron.Models;

namespace Flextron.Inference.Kernels;

/// <summary>
/// The arithmetic of a decoder at one vector width. Sizes are validated by the caller, once per call; no kernel reads a weight outside the rows
/// and columns it is given, or writes outside its target, except <see cref="Activate"/>, which says so.
/// </summary>
/// <remarks>
/// Every output is computed by one chain of operations that depends on the sizes of the model alone, not on how rows, columns or tokens
/// are shared out or grouped: results are the same to the last bit for one thread and for many, for a block of tokens and for one at a time.
/// </remarks>
internal unsafe interface IKernels
{
    /// <summary>Lanes of a vector; tiles of the KV cache hold as many tokens.</summary>
    int Lanes { get; }

    /// <summary>y[r] = scale[first + r] · Σ_c w[first + r, c] · x[c] for r &lt; count, c &lt; columns.</summary>
    void Dot(in WeightMatrix w, int first, int count, float* x, int columns, float* y);

    /// <summary>The same for several tokens: rows of x and y lie their strides apart.</summary>
    void DotBlock(in WeightMatrix w, int first, int count, float* x, int xStride, int tokens, int columns, float* y, int yStride);

    /// <summary>sum[c] += Σ_r coefficient[r] · scale[first + r] · w[first + r, c], r in order, for r &lt; count.</summary>
    void Accumulate(in WeightMatrix w, int first, int count, float* coefficients, int columns, float* sum);

    /// <summary>Scratch floats that <see cref="AccumulateBlock"/> needs.</summary>
    long ScratchFloats(int columns, int tokens, int chunk);

    /// <summary>
    /// y[target of t, c] += Σ_r coefficient[t, r] · scale[r] · w[r, c] for the columns from <paramref name="firstColumn"/> on, r over the rows that
    /// the token uses; rows are summed by chunks of <paramref name="chunk"/>, each added to y when it is whole.
    /// </summary>
    void AccumulateBlock(
        in WeightMatrix w, in TokenRows tokens, int chunk, float* coefficients, int coefficientStride, int firstColumn, int columns, float* y, int yStride, float* scratch);

    /// <summary>y[c] = scale[row] · w[row, c].</summary>
    void ReadRow(in WeightMatrix w, int row, int columns, float* y);

    /// <summary>target[i] += source[i].</summary>
    void Add(float* target, float* source, int count);

    /// <summary>y = x · weight / √(mean(x²) + epsilon); y may be x.</summary>
    void RmsNorm(float* x, float* weight, int count, float epsilon, float* y);

    /// <summary>y = (x − mean) / √(variance + epsilon) · weight + bias; y may be x.</summary>
    void LayerNorm(float* x, float* weight, float* bias, int count, float epsilon, float* y);

    /// <summary>gate[i] = act(gate[i]) · up[i], without the factor where up is null; whole vectors are read and written, up to <see cref="Lanes"/> − 1 values beyond the count.</summary>
    void Activate(ActivationKind kind, float* gate, float* up, int count);

    /// <summary>Rotates pairs (i, i + rotated/2) of the first elements of one head and multiplies all of it by a factor.</summary>
    void Rotate(float* head, int rotated, int size, float* cos, float* sin, float factor);

    /// <summary>Attention of one token's heads to a chunk of one group's keys and values.</summary>
    void Attend(in AttentionChunk chunk);
}
