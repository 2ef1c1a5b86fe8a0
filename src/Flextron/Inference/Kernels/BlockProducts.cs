using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>
/// Products of stored weights with a block of tokens. A few tokens meet the weights as they come from memory; for many, weights pass by in panels that
/// fit a core's own cache, and every token of the block meets a panel before the next one comes.
/// </summary>
internal static unsafe class BlockProducts<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <summary>Floats of a panel of rows: a quarter of what a core's own second-level cache usually holds.</summary>
    private const int PanelFloats = 1 << 16;

    /// <summary>Columns whose panels are copied together: each row is then read in pieces of 2 KB, which memory gives much faster than many short ones.</summary>
    private const int StripeColumns = 512;

    /// <summary>Up to so many tokens, copying weights into panels costs more than it saves.</summary>
    private const int FewTokens = 8;

    /// <summary>Scratch floats that <see cref="Dot"/> and <see cref="Accumulate"/> need.</summary>
    public static long ScratchFloats(int columns, int tokens, int chunk) => Math.Max(
        Math.Max(PanelFloats, 4L * Padded(columns)),
        Math.Max((long)chunk * (Math.Min(StripeColumns, Padded(columns)) + (tokens + 3) / 4 * 4), FewTokens * ((long)chunk + Padded(columns))));

    /// <inheritdoc cref="IKernels.DotBlock"/>
    public static void Dot(in WeightMatrix w, int first, int count, float* x, int xStride, int tokens, int columns, float* y, int yStride, float* scratch)
    {
        if (tokens <= FewTokens)
        {
            for (int r = 0; r < count; r += 4)
                BlockDotKernel<T, V, TElement>.Dot(w.Row(first + r), w.Columns, Math.Min(4, count - r), x, xStride, tokens, columns, y + r, yStride, ahead: true);
        }
        else
        {
            int step = Math.Max(4, PanelFloats / Padded(columns) / 4 * 4);
            for (int r = 0; r < count; r += step)
            {
                int rows = Math.Min(step, count - r);
                // Float32 rows lie ready; others are converted, once for all tokens.
                if (w.Format == WeightFormat.Float32)
                {
                    BlockDotKernel<T, V, FloatElement>.Dot(w.Row(first + r), w.Columns, rows, x, xStride, tokens, columns, y + r, yStride, ahead: true);
                    continue;
                }
                PanelKernel<T, V, TElement>.Read(w, first + r, rows, 0, columns, scratch, Padded(columns));
                BlockDotKernel<T, V, FloatElement>.Dot((byte*)scratch, Padded(columns), rows, x, xStride, tokens, columns, y + r, yStride, ahead: false);
            }
        }
        if (w.Scales == 0) return;
        for (int t = 0; t < tokens; t++) RowScales<T, V>.Apply((float*)w.Scales + first, count, y + (nint)t * yStride);
    }

    /// <inheritdoc cref="IKernels.AccumulateBlock"/>
    public static void Accumulate(
        in WeightMatrix w, in TokenRows tokens, int chunk, float* coefficients, int coefficientStride, int firstColumn, int columns, float* y, int yStride, float* scratch)
    {
        for (int first = 0; first < tokens.Most; first += chunk)
        {
            int count = Math.Min(chunk, tokens.Most - first), active = tokens.Using(first);
            for (int t = 0; t < active; t += 4) Interleave(w, first, count, coefficients, coefficientStride, tokens, t, scratch + (nint)t * count);
            if (active <= FewTokens) Few(w, first, count, active, tokens, firstColumn, columns, y, yStride, scratch);
            else Panels(w, first, count, active, tokens, firstColumn, columns, y, yStride, scratch);
        }
    }

    private static void Few(in WeightMatrix w, int first, int count, int active, in TokenRows tokens, int firstColumn, int columns, float* y, nint yStride, float* scratch)
    {
        float* sums = scratch + (nint)count * FewTokens;
        nint sumStride = Padded(columns);
        FewAccumulateKernel<T, V, TElement>.Sum(w, first, count, firstColumn, columns, scratch, (active + 3) / 4, sums, sumStride);
        for (int t = 0; t < active; t++) AddKernel<T, V>.Add(y + tokens.Target(t) * yStride + firstColumn, sums + t * sumStride, columns);
    }

    private static void Panels(in WeightMatrix w, int first, int count, int active, in TokenRows tokens, int firstColumn, int columns, float* y, nint yStride, float* scratch)
    {
        int width = BlockAccumulateKernel<T, V>.PanelColumns, end = firstColumn + columns;
        float* panels = scratch + (nint)count * ((active + 3) / 4 * 4);
        for (int c = firstColumn; c < end; c += width)
        {
            int wide = Math.Min(width, end - c), within = (c - firstColumn) % StripeColumns;
            if (within == 0) ReadStripe(w, first, count, c, Math.Min(StripeColumns, end - c), panels);
            float* panel = panels + (nint)count * within;
            for (int t = 0; t < active; t += 4)
            {
                int group = Math.Min(4, active - t);
                float* scaled = scratch + (nint)t * count;
                float* target0 = y + tokens.Target(t) * yStride + c, target1 = y + tokens.Target(t + Math.Min(1, group - 1)) * yStride + c;
                float* target2 = y + tokens.Target(t + Math.Min(2, group - 1)) * yStride + c, target3 = y + tokens.Target(t + group - 1) * yStride + c;
                if (wide < width) BlockAccumulateKernel<T, V>.AddNarrow(panel, count, wide, scaled, group, target0, target1, target2, target3);
                else BlockAccumulateKernel<T, V>.Add(panel, count, scaled, group, target0, target1, target2, target3);
            }
        }
    }

    // Columns as panels, one behind the other; the last may be narrower.
    private static void ReadStripe(in WeightMatrix w, int first, int count, int firstColumn, int columns, float* panels)
    {
        int width = BlockAccumulateKernel<T, V>.PanelColumns;
        for (int r = 0; r < count; r++)
        {
            for (int c = 0; c < columns; c += width)
            {
                int wide = Math.Min(width, columns - c), stride = BlockAccumulateKernel<T, V>.NarrowStride(wide);
                PanelKernel<T, V, TElement>.Read(w, first + r, 1, firstColumn + c, wide, panels + (nint)count * c + (nint)r * stride, stride);
            }
        }
    }

    // Coefficients of four tokens side by side, scaled: one row's four are then neighbours in memory. Beyond what a token uses there are zeros.
    private static void Interleave(in WeightMatrix w, int first, int count, float* coefficients, nint stride, in TokenRows tokens, int token, float* scaled)
    {
        for (int i = 0; i < 4; i++)
        {
            int used = token + i < tokens.Count ? Math.Clamp(tokens.Rows(token + i) - first, 0, count) : 0;
            float* source = coefficients + (token + i) * stride + first;
            if (w.Scales == 0) for (int r = 0; r < used; r++) scaled[4 * r + i] = source[r];
            else for (int r = 0; r < used; r++) scaled[4 * r + i] = source[r] * ((float*)w.Scales)[first + r];
            for (int r = used; r < count; r++) scaled[4 * r + i] = 0;
        }
    }

    private static int Padded(int columns) => (columns + 15) / 16 * 16;
}
