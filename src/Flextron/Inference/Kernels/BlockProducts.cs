using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>
/// Products of stored weights with a block of tokens, four tokens at a time: the first four meet weights as they come from memory, and the others find them in a core's own
/// cache. Weights are converted for every four tokens anew, by units of the processor that multiplication leaves idle; copies as float32 cost more than they save at any number of tokens.
/// </summary>
internal static unsafe class BlockProducts<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <summary>Weights of rows that all tokens meet before the next ones come: half of what the smaller second-level caches hold.</summary>
    private const int StepBytes = 1 << 17;

    /// <summary>
    /// Most columns whose sums are formed together: those of four tokens stay in the nearest cache, and a chunk's weights, of which that is at most 2 KB a row, in a core's own.
    /// </summary>
    private static int StripeColumns => Math.Min(1024, 2048 / TElement.Size);

    /// <summary>Scratch floats that <see cref="Accumulate"/> needs.</summary>
    public static long ScratchFloats(int columns, int tokens, int chunk) => chunk * ((tokens + 3L) / 4 * 4) + 4L * Padded(columns);

    /// <inheritdoc cref="IKernels.DotBlock"/>
    public static void Dot(in WeightMatrix w, int first, int count, float* x, int xStride, int tokens, int columns, float* y, int yStride)
    {
        int step = Math.Max(4, StepBytes / (columns * TElement.Size) / 4 * 4);
        for (int r = 0; r < count; r += step)
            BlockDotKernel<T, V, TElement>.Dot(w.Row(first + r), w.Columns, Math.Min(step, count - r), x, xStride, tokens, columns, y + r, yStride);
        if (w.Scales == 0) return;
        for (int t = 0; t < tokens; t++) RowScales<T, V>.Apply((float*)w.Scales + first, count, y + (nint)t * yStride);
    }

    /// <inheritdoc cref="IKernels.AccumulateBlock"/>
    public static void Accumulate(
        in WeightMatrix w, in TokenRows tokens, int chunk, float* coefficients, int coefficientStride, int firstColumn, int columns, float* y, nint yStride, float* scratch)
    {
        for (int first = 0; first < tokens.Most; first += chunk)
        {
            int count = Math.Min(chunk, tokens.Most - first), active = tokens.Using(first);
            for (int t = 0; t < active; t += 4) Interleave(w, first, count, coefficients, coefficientStride, tokens, t, scratch + (nint)t * count);
            float* sums = scratch + (nint)count * ((active + 3) / 4 * 4);
            // Four tokens read each weight once: whole rows, which memory gives fastest. For more, stripes of equal width.
            int stripes = active <= 4 ? 1 : (columns + StripeColumns - 1) / StripeColumns, stripe = Padded((columns + stripes - 1) / stripes);
            for (int c = 0; c < columns; c += stripe)
            {
                int wide = Math.Min(stripe, columns - c);
                for (int t = 0; t < active; t += 4)
                {
                    BlockAccumulateKernel<T, V, TElement>.Sum(w, first, count, firstColumn + c, wide, scratch + (nint)t * count, sums, Padded(wide), ahead: t == 0);
                    for (int i = 0; i < Math.Min(4, active - t); i++)
                        AddKernel<T, V>.Add(y + tokens.Target(t + i) * yStride + firstColumn + c, sums + (nint)i * Padded(wide), wide);
                }
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
