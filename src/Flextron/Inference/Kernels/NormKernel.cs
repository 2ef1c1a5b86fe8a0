using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Norms of one vector; the result may take its place.</summary>
internal static unsafe class NormKernel<T, V> where T : ISimd<V> where V : struct
{
    /// <inheritdoc cref="IKernels.RmsNorm"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RootMeanSquare(float* x, float* weight, int count, float epsilon, float* y)
    {
        int whole = count - count % T.Count, part = count - whole;
        V last = part > 0 ? T.LoadPart(x + whole, part) : default, squares = default;
        for (int i = 0; i < whole; i += T.Count) squares = T.MultiplyAdd(T.Load(x + i), T.Load(x + i), squares);
        squares = T.MultiplyAdd(last, last, squares);
        float factor = 1 / MathF.Sqrt(T.Sum(squares) / count + epsilon);
        V factors = T.Broadcast(factor);
        for (int i = 0; i < whole; i += T.Count) T.Store(T.Multiply(T.Multiply(T.Load(x + i), factors), T.Load(weight + i)), y + i);
        if (part > 0) T.StorePart(T.Multiply(T.Multiply(last, factors), T.LoadPart(weight + whole, part)), y + whole, part);
    }

    /// <inheritdoc cref="IKernels.LayerNorm"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Layer(float* x, float* weight, float* bias, int count, float epsilon, float* y)
    {
        int whole = count - count % T.Count, part = count - whole;
        V last = part > 0 ? T.LoadPart(x + whole, part) : default, sums = last;
        for (int i = 0; i < whole; i += T.Count) sums = T.Add(T.Load(x + i), sums);
        // The variance is that of the differences: the mean of squares less the mean's square would lose it where the mean is large.
        V means = T.Broadcast(T.Sum(sums) / count), squares = default;
        for (int i = 0; i < whole; i += T.Count)
        {
            V difference = T.Subtract(T.Load(x + i), means);
            squares = T.MultiplyAdd(difference, difference, squares);
        }
        // Lanes beyond the values differ by nothing, not by the mean.
        last = part > 0 ? T.First(T.Subtract(last, means), part) : default;
        squares = T.MultiplyAdd(last, last, squares);
        float factor = 1 / MathF.Sqrt(T.Sum(squares) / count + epsilon);
        V factors = T.Broadcast(factor);
        for (int i = 0; i < whole; i += T.Count)
            T.Store(T.MultiplyAdd(T.Multiply(T.Subtract(T.Load(x + i), means), factors), T.Load(weight + i), T.Load(bias + i)), y + i);
        if (part > 0) T.StorePart(T.MultiplyAdd(T.Multiply(last, factors), T.LoadPart(weight + whole, part), T.LoadPart(bias + whole, part)), y + whole, part);
    }
}
