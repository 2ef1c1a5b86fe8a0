using Flextron.Inference.Kernels;
using Flextron.Kernels;
using Flextron.Models;
using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Inference.Decoding;

/// <summary>
/// A model's weights where the engine reads them: in place where the model has them in the wanted format, one converted copy otherwise; in huge
/// pages where the system has them. Norms, biases and positions are float32 in every format.
/// </summary>
internal sealed unsafe class EngineWeights : IDisposable
{
    private const int Alignment = 64;
    private readonly WeightFormat format;
    private readonly List<Tensor> vectors = [];
    private readonly Tensor flat;
    private readonly Tensor? converted;
    private readonly NativeBuffer? quantized;
    private readonly nint start;
    private long used;

    /// <summary>Converts what must be converted.</summary>
    /// <param name="weights">On the CPU. Their storage stays alive as long as this, even if they are disposed.</param>
    /// <param name="format">Not <see cref="WeightFormat.Model"/>.</param>
    /// <exception cref="FlextronException">Memory is short.</exception>
    public EngineWeights(DecoderWeights weights, WeightFormat format)
    {
        this.format = format;
        flat = weights.Flat.detach().DetachFromDisposeScope();
        try
        {
            if (format == WeightFormat.Int8)
            {
                long rows = weights.Named().Sum(w => w.Tensor.dim() == 2 ? w.Tensor.size(0) : 0), pieces = 2L * weights.Named().Count();
                quantized = new NativeBuffer(flat.numel() + sizeof(float) * rows + Alignment * pieces, "8-bit weights", filled: true);
                return;
            }
            ScalarType dtype = format == WeightFormat.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
            if (flat.dtype != dtype) converted = HugeTensor.Copy(flat, dtype, CPU);
            Tensor read = converted ?? flat;
            start = TensorPointer.Address(read);
            // Weights read in place may have been allocated by others, in small pages.
            HugePages.Collapse(start, read.numel() * read.element_size());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>A matrix of the model.</summary>
    /// <param name="matrix_RC">One of the weights that this was made of.</param>
    public WeightMatrix Matrix(Tensor matrix_RC)
    {
        (int rows, int columns) = ((int)matrix_RC.size(0), (int)matrix_RC.size(1));
        if (quantized is null)
            return new WeightMatrix(start + (nint)(matrix_RC.storage_offset() - flat.storage_offset()) * WeightMatrix.SizeOf(format), 0, rows, columns, format);
        byte* data = Take((long)rows * columns), scales = Take(sizeof(float) * (long)rows);
        Int8Rows.Quantize(matrix_RC, (sbyte*)data, (float*)scales);
        return new WeightMatrix((nint)data, (nint)scales, rows, columns, format);
    }

    /// <summary>A vector, or a table of positions, as float32; 0 where the model has none.</summary>
    /// <param name="vector">Its own memory where it has the type.</param>
    public nint Vector(Tensor? vector)
    {
        if (vector is null) return 0;
        using var scope = NewDisposeScope();
        Tensor alias = vector.detach().to(ScalarType.Float32).DetachFromDisposeScope();
        vectors.Add(alias);
        return TensorPointer.Address(alias);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor vector in vectors) vector.Dispose();
        vectors.Clear();
        converted?.Dispose();
        quantized?.Dispose();
        flat.Dispose();
    }

    private byte* Take(long bytes)
    {
        byte* place = quantized!.Start + used;
        used += (bytes + Alignment - 1) / Alignment * Alignment;
        return place;
    }
}
