using System.Runtime.CompilerServices;
using Flextron.Kernels;
using Flextron.Models;

namespace Flextron.Inference.Kernels;

/// <summary>The arithmetic at one vector width.</summary>
internal sealed unsafe class VectorKernels<T, V> : IKernels where T : ISimd<V> where V : struct
{
    /// <inheritdoc/>
    public int Lanes => T.Count;

    /// <inheritdoc/>
    public long ScratchFloats(int columns, int tokens, int chunk) => BlockProducts<T, V, FloatElement>.ScratchFloats(columns, tokens, chunk);

    /// <inheritdoc/>
    public void Dot(in WeightMatrix w, int first, int count, float* x, int columns, float* y)
    {
        switch (w.Format)
        {
            case WeightFormat.BFloat16: DotKernel<T, V, BFloat16Element>.Dot(w, first, count, x, columns, y); break;
            case WeightFormat.Int8: DotKernel<T, V, Int8Element>.Dot(w, first, count, x, columns, y); break;
            default: DotKernel<T, V, FloatElement>.Dot(w, first, count, x, columns, y); break;
        }
    }

    /// <inheritdoc/>
    public void DotBlock(in WeightMatrix w, int first, int count, float* x, int xStride, int tokens, int columns, float* y, int yStride, float* scratch)
    {
        switch (w.Format)
        {
            case WeightFormat.BFloat16: BlockProducts<T, V, BFloat16Element>.Dot(w, first, count, x, xStride, tokens, columns, y, yStride, scratch); break;
            case WeightFormat.Int8: BlockProducts<T, V, Int8Element>.Dot(w, first, count, x, xStride, tokens, columns, y, yStride, scratch); break;
            default: BlockProducts<T, V, FloatElement>.Dot(w, first, count, x, xStride, tokens, columns, y, yStride, scratch); break;
        }
    }

    /// <inheritdoc/>
    public void Accumulate(in WeightMatrix w, int first, int count, float* coefficients, int columns, float* sum)
    {
        switch (w.Format)
        {
            case WeightFormat.BFloat16: AccumulateKernel<T, V, BFloat16Element>.Accumulate(w, first, count, coefficients, columns, sum); break;
            case WeightFormat.Int8: AccumulateKernel<T, V, Int8Element>.Accumulate(w, first, count, coefficients, columns, sum); break;
            default: AccumulateKernel<T, V, FloatElement>.Accumulate(w, first, count, coefficients, columns, sum); break;
        }
    }

    /// <inheritdoc/>
    public void AccumulateBlock(
        in WeightMatrix w, in TokenRows tokens, int chunk, float* coefficients, int coefficientStride, int firstColumn, int columns, float* y, int yStride, float* scratch)
    {
        switch (w.Format)
        {
            case WeightFormat.BFloat16:
                BlockProducts<T, V, BFloat16Element>.Accumulate(w, tokens, chunk, coefficients, coefficientStride, firstColumn, columns, y, yStride, scratch);
                break;
            case WeightFormat.Int8:
                BlockProducts<T, V, Int8Element>.Accumulate(w, tokens, chunk, coefficients, coefficientStride, firstColumn, columns, y, yStride, scratch);
                break;
            default:
                BlockProducts<T, V, FloatElement>.Accumulate(w, tokens, chunk, coefficients, coefficientStride, firstColumn, columns, y, yStride, scratch);
                break;
        }
    }

    /// <inheritdoc/>
    public void ReadRow(in WeightMatrix w, int row, int columns, float* y)
    {
        switch (w.Format)
        {
            case WeightFormat.BFloat16: PanelKernel<T, V, BFloat16Element>.ReadRow(w, row, columns, y); break;
            case WeightFormat.Int8: PanelKernel<T, V, Int8Element>.ReadRow(w, row, columns, y); break;
            default: PanelKernel<T, V, FloatElement>.ReadRow(w, row, columns, y); break;
        }
    }

    /// <inheritdoc/>
    public void Add(float* target, float* source, int count) => AddKernel<T, V>.Add(target, source, count);

    /// <inheritdoc/>
    public void RmsNorm(float* x, float* weight, int count, float epsilon, float* y) => NormKernel<T, V>.RootMeanSquare(x, weight, count, epsilon, y);

    /// <inheritdoc/>
    public void LayerNorm(float* x, float* weight, float* bias, int count, float epsilon, float* y) => NormKernel<T, V>.Layer(x, weight, bias, count, epsilon, y);

    /// <inheritdoc/>
    public void Activate(ActivationKind kind, float* gate, float* up, int count)
    {
        switch (kind)
        {
            case ActivationKind.Gelu: Activate<GeluActivation>(gate, up, count); break;
            case ActivationKind.GeluTanh: Activate<GeluTanhActivation>(gate, up, count); break;
            case ActivationKind.Relu: Activate<ReluActivation>(gate, up, count); break;
            default: Activate<SiluActivation>(gate, up, count); break;
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Rotate(float* head, int rotated, int size, float* cos, float* sin, float factor)
    {
        int half = rotated / 2, i = 0;
        V scale = T.Broadcast(factor);
        for (; i + T.Count <= half; i += T.Count)
        {
            V a = T.Load(head + i), b = T.Load(head + half + i), c = T.Load(cos + i), s = T.Load(sin + i);
            T.Store(T.Multiply(scale, T.Subtract(T.Multiply(a, c), T.Multiply(b, s))), head + i);
            T.Store(T.Multiply(scale, T.Add(T.Multiply(b, c), T.Multiply(a, s))), head + half + i);
        }
        int part = half - i;
        if (part > 0)
        {
            V a = T.LoadPart(head + i, part), b = T.LoadPart(head + half + i, part), c = T.LoadPart(cos + i, part), s = T.LoadPart(sin + i, part);
            T.StorePart(T.Multiply(scale, T.Subtract(T.Multiply(a, c), T.Multiply(b, s))), head + i, part);
            T.StorePart(T.Multiply(scale, T.Add(T.Multiply(b, c), T.Multiply(a, s))), head + half + i, part);
        }
        for (i = rotated; i < size && factor != 1; i++) head[i] *= factor;
    }

    /// <inheritdoc/>
    public void Attend(in AttentionChunk chunk) => AttentionKernel<T, V>.Attend(chunk);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Activate<TActivation>(float* gate, float* up, int count) where TActivation : IActivation
    {
        if (up == null)
        {
            for (int i = 0; i < count; i += T.Count) T.Store(TActivation.Of<T, V>(T.Load(gate + i)), gate + i);
            return;
        }
        for (int i = 0; i < count; i += T.Count) T.Store(T.Multiply(TActivation.Of<T, V>(T.Load(gate + i)), T.Load(up + i)), gate + i);
    }
}
