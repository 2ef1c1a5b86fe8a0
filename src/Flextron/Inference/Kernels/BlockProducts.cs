using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>
/// Products of stored weights with a block of tokens. Weights pass by in panels that fit a core's own cache, and every token of the block meets a panel
/// before the next one comes.
/// </summary>
internal static unsafe class BlockProducts<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <summary>Floats of a panel of rows: a quarter of what a core's own second-level cache usually holds.</summary>
    private const int PanelFloats = 1 << 16;

    /// <summary>Scratch floats that <see cref="Dot"/> and <see cref="Accumulate"/> need.</summary>
    public static long ScratchFloats(int columns, int tokens, int chunk) =>
        Math.Max(Math.Max(PanelFloats, 4L * Padded(columns)), (long)chunk * (BlockAccumulateKernel<T, V>.PanelColumns + (tokens + 3) / 4 * 4));

    /// <inheritdoc cref="IKernels.DotBlock"/>
    public static void Dot(in WeightMatrix w, int first, int count, float* x, int xStride, int tokens, int columns, float* y, int yStride, float* scratch)
    {
        int step = Math.Max(4, PanelFloats / Padded(columns) / 4 * 4);
        for (int r = 0; r < count; r += step)
        {
            int rows = Math.Min(step, count - r);
            (nint panel, nint stride) = ((nint)w.Row(first + r), w.Columns);
            // Float32 rows lie ready; others are converted, once for all tokens.
            if (w.Format != WeightFormat.Float32)
            {
                (panel, stride) = ((nint)scratch, Padded(columns));
                PanelKernel<T, V, TElement>.Read(w, first + r, rows, 0, columns, scratch, stride);
            }
            BlockDotKernel<T, V>.Dot((float*)panel, stride, rows, x, xStride, tokens, columns, y + r, yStride);
        }
        if (w.Scales == 0) return;
        for (int t = 0; t < tokens; t++) RowScales<T, V>.Apply((float*)w.Scales + first, count, y + (nint)t * yStride);
    }

    /// <inheritdoc cref="IKernels.AccumulateBlock"/>
    public static void Accumulate(
        in WeightMatrix w, int rows, int chunk, float* coefficients, int coefficientStride, int tokens, int firstColumn, int columns, float* y, int yStride, float* scratch)
    {
        int width = BlockAccumulateKernel<T, V>.PanelColumns, end = firstColumn + columns;
        float* panel = scratch + (nint)chunk * ((tokens + 3) / 4 * 4);
        for (int first = 0; first < rows; first += chunk)
        {
            int count = Math.Min(chunk, rows - first);
            for (int t = 0; t < tokens; t += 4) Interleave(w, first, count, coefficients + (nint)t * coefficientStride, coefficientStride, Math.Min(4, tokens - t), scratch + (nint)t * count);
            for (int c = firstColumn; c < end; c += width)
            {
                int wide = Math.Min(width, end - c);
                PanelKernel<T, V, TElement>.Read(w, first, count, c, wide, panel, wide);
                for (int t = 0; t < tokens; t += 4)
                {
                    int group = Math.Min(4, tokens - t);
                    float* scaled = scratch + (nint)t * count, target = y + (nint)t * yStride + c;
                    if (wide == width) BlockAccumulateKernel<T, V>.Add(panel, count, scaled, group, target, yStride);
                    else for (int i = 0; i < group; i++) BlockAccumulateKernel<T, V>.AddNarrow(panel, count, wide, scaled + i, target + (nint)i * yStride);
                }
            }
        }
    }

    // Coefficients of four tokens side by side, scaled: one row's four are then neighbours in memory.
    private static void Interleave(in WeightMatrix w, int first, int count, float* coefficients, nint stride, int tokens, float* scaled)
    {
        for (int r = 0; r < count; r++)
        {
            float scale = w.Scale(first + r);
            for (int i = 0; i < 4; i++) scaled[4 * r + i] = i < tokens ? coefficients[i * stride + first + r] * scale : 0;
        }
    }

    private static int Padded(int columns) => (columns + 15) / 16 * 16;
}
